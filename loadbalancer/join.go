package loadbalancer

import (
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// join has a server say that it is there.
func (b *Balancer) join(c echo.Context) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, discovery.MaxRegistration))
	if err != nil {
		return notJoined(http.StatusRequestEntityTooLarge, "a registration has up to %d bytes", discovery.MaxRegistration)
	}
	registration, err := discovery.DecodeRegistration(body)
	if err != nil {
		return notJoined(http.StatusBadRequest, "%v", err)
	}
	again, err := b.joined.Join(registration)
	switch {
	case errors.Is(err, discovery.ErrTaken):
		return notJoined(http.StatusConflict, "%v", err)
	case errors.Is(err, discovery.ErrFull):
		return notJoined(http.StatusServiceUnavailable, "%v", err)
	case err != nil:
		return notJoined(http.StatusBadRequest, "%v", err)
	}
	return c.JSON(http.StatusOK, runtimespec.Membership{IntervalMS: again.Milliseconds()})
}

// invited lets servers pass that have the token for joining. It is no caller's:
// a server that joins is sent all code, and the token for servers.
func (b *Balancer) invited(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		now := b.settings()
		if now.JoinTokenFile == "" {
			return notJoined(http.StatusNotFound, "servers cannot join here: the balancer was started without --join-token-file")
		}
		if _, err := now.joins.Check(c.Request().Header.Get("Authorization")); err != nil {
			return notJoined(http.StatusUnauthorized, "joining wants a token of the balancer's --join-token-file: set --join-token-file on the server")
		}
		return next(c)
	}
}

// notJoined is for a server, which goes by the status: no reason of the contract is
// about joining.
func notJoined(status int, format string, args ...any) error {
	r := refusal.New("", format, args...)
	r.Status = status
	return r
}
