package loadbalancer

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// join has a server say that it is there.
func (b *Balancer) join(c echo.Context) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, discovery.MaxRegistration))
	if err != nil {
		return joinFailed(c, http.StatusRequestEntityTooLarge, fmt.Errorf("a registration has up to %d bytes", discovery.MaxRegistration))
	}
	registration, err := discovery.DecodeRegistration(body)
	if err != nil {
		return joinFailed(c, http.StatusBadRequest, err)
	}
	again, err := b.joined.Join(registration)
	switch {
	case errors.Is(err, discovery.ErrTaken):
		return joinFailed(c, http.StatusConflict, err)
	case errors.Is(err, discovery.ErrFull):
		return joinFailed(c, http.StatusServiceUnavailable, err)
	case err != nil:
		return joinFailed(c, http.StatusBadRequest, err)
	}
	return c.JSON(http.StatusOK, runtimespec.Membership{IntervalMS: again.Milliseconds()})
}

// invited lets servers pass that have the token for joining. It is no caller's:
// who joins is sent all code, and the token for servers.
func (b *Balancer) invited(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		now := b.settings()
		if now.JoinTokenFile == "" {
			return joinFailed(c, http.StatusNotFound, errors.New("servers cannot join here: the balancer was started without --join-token-file"))
		}
		if _, err := now.joins.Check(c.Request().Header.Get("Authorization")); err != nil {
			return joinFailed(c, http.StatusUnauthorized, errors.New("joining wants a token of the balancer's --join-token-file: set --join-token-file on the server"))
		}
		return next(c)
	}
}

func joinFailed(c echo.Context, status int, err error) error {
	return c.JSONBlob(status, runtimespec.ErrorBody(err.Error()))
}
