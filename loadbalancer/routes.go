package loadbalancer

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap/zapcore"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/internal/web"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Paths that are no part of the contract, for operators and their tools.
const (
	pathServers = "/servers"
	pathMetrics = "/metrics"
)

// service is what callers are told that this is.
const service = "balancer"

// handler is the balancer's HTTP face. Everything but the probes needs a token.
func (b *Balancer) handler() http.Handler {
	b.endpoint = endpoint.New(endpoint.Config{
		Service: service, ID: b.id, Log: b.log, Tracer: b.tracer,
		Tokens: func() token.Set { return b.settings().Tokens },
		Load:   b.state.Load, Admit: b.admit, Level: levelOf,
		AccessLog: func() bool { return b.settings().AccessLog }, Answered: b.answered,
	})
	e, handle := b.endpoint.Echo(), b.endpoint.Handle
	e.GET(runtimespec.PathHealth, web.Health)
	e.GET(runtimespec.PathReady, b.ready)
	e.POST(runtimespec.PathInit, handle(b.init))
	e.POST(runtimespec.PathRun, handle(b.run))
	e.POST(runtimespec.PathStop, handle(b.stopLease))
	e.GET(runtimespec.PathFunctions, handle(b.showFunctions))
	e.POST(runtimespec.PathJoin, b.invited(b.join))
	e.GET(runtimespec.PathTunnel, b.invited(echo.WrapHandler(&b.hub)))
	e.GET(pathServers, handle(b.showServers))
	e.POST(pathServer+"/drain", handle(func(c *call) error { return b.setDrained(c, true) }))
	e.POST(pathServer+"/return", handle(func(c *call) error { return b.setDrained(c, false) }))
	e.GET(pathMetrics, handle(b.showMetrics))
	return e
}

// maxHops is how many balancers a request may pass.
const maxHops = 8

// admit refuses a request that goes round in a circle.
func (b *Balancer) admit(c *call) error {
	c.Hops = b.id
	if visited := c.HeaderValue(runtimespec.HeaderHops); visited != "" {
		if strings.Contains(visited, b.id) || strings.Count(visited, ",") >= maxHops-1 {
			return refusal.New(runtimespec.BadRequest, "the request has come back to this balancer, or passed too many: is a balancer in its own list of servers, or do lists name each other in a circle?")
		}
		c.Hops = visited + "," + b.id
	}
	return nil
}

// levelOf makes the log louder where the balancer's own fault has no line when the
// request ends.
func levelOf(c *call, reason runtimespec.Reason) zapcore.Level {
	if reason == runtimespec.Internal && !c.IsWork() {
		return zapcore.WarnLevel
	}
	return zapcore.DebugLevel
}

// keyOf names the function that an init or a run is for.
func keyOf(o endpoint.Order) state.Key {
	return state.Key{Tenant: o.Tenant, Identity: o.Function}
}
