package loadbalancer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/statedir"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// ready answers a readiness probe: whether new work is welcome.
func (b *Balancer) ready(c echo.Context) error {
	b.endpoint.Sign(c.Response().Header())
	reason := ""
	if b.requests.Draining() {
		reason = string(runtimespec.Draining)
	} else if b.dir.IsFull() {
		reason = statedir.Full
	}
	kinds, available := b.state.Kinds()
	if reason == "" && !available {
		reason = "no server is ready"
	}
	if reason != "" {
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"ready": false, "reason": reason})
	}
	return c.JSON(http.StatusOK, map[string]any{"ready": true, "kinds": strings.Join(kinds, ", ")})
}

// listWait is how long the servers have to tell their inventory.
const listWait = 2 * time.Second

// showFunctions lists the caller's functions at all servers, each with its server. A
// server that does not answer in time is left out.
func (b *Balancer) showFunctions(c *call) error {
	tenant := ""
	everything := c.Grant.Delegate && !c.NamesTenant()
	if b.settings().token != "" && !everything {
		tenant = c.Tenant
	}
	brief, _ := strconv.ParseBool(c.URL.Query().Get("brief"))
	ctx, cancel := context.WithTimeout(c.Context(), listWait)
	defer cancel()
	all := b.backends.All()
	lists := make([][]map[string]any, len(all))
	var asked sync.WaitGroup
	for i, s := range all {
		asked.Go(func() {
			status, text, err := s.Functions(ctx, brief, c.Hops, tenant)
			var said struct{ Functions []map[string]any }
			if err != nil || status != http.StatusOK || json.Unmarshal(text, &said) != nil {
				return
			}
			for _, f := range said.Functions {
				f["server"] = s.Name()
			}
			lists[i] = said.Functions
		})
	}
	asked.Wait()
	body, err := json.Marshal(map[string]any{"functions": append([]map[string]any{}, slices.Concat(lists...)...)})
	if err != nil {
		return err
	}
	c.Answer(http.StatusOK, body)
	return nil
}

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
