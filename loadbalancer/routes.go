package loadbalancer

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/internal/web"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/exchange"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Paths that are no part of the contract, for people and their tools.
const (
	pathServers = "/servers"
	pathMetrics = "/metrics"
)

// handler is the balancer's HTTP face. Everything but the probes needs a token.
func (b *Balancer) handler() http.Handler {
	e := web.New(b.log)
	e.GET(runtimespec.PathHealth, web.Health)
	e.GET(runtimespec.PathReady, b.ready)
	e.POST(runtimespec.PathInit, b.handle(b.init))
	e.POST(runtimespec.PathRun, b.handle(b.run))
	e.POST(runtimespec.PathStop, b.handle(b.stopLease))
	e.GET(runtimespec.PathFunctions, b.handle(b.showFunctions))
	e.POST(runtimespec.PathJoin, b.invited(b.join))
	e.GET(runtimespec.PathTunnel, b.invited(echo.WrapHandler(&b.hub)))
	e.GET(pathServers, b.handle(b.showServers))
	e.POST(pathServer+"/drain", b.drainOrReturn(true))
	e.POST(pathServer+"/return", b.drainOrReturn(false))
	e.GET(pathMetrics, b.handle(b.showMetrics))
	return e
}

// call is one authenticated request, and what is noted of it for the log.
type call struct {
	*http.Request
	w     http.ResponseWriter
	grant token.Grant
	began time.Time
	exchange.Exchange

	status  int
	outcome string // a reason
	failed  error  // why, if the balancer knows
}

// handle checks who calls, and maps a returned error to its refusal.
func (b *Balancer) handle(next func(*call) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		call := &call{Request: c.Request(), w: c.Response().Writer, began: time.Now()}
		call.Caller = call.Context()
		call.begin(b.tracer)
		defer b.note(call) // also of an answer that is broken off
		err := b.authorize(call)
		if err == nil {
			err = next(call)
		}
		if err != nil {
			b.refuse(call, err)
		}
		return nil
	}
}

// sign puts on an answer of the balancer's own who answers, and how busy its
// servers are.
func (b *Balancer) sign(h http.Header) {
	h[runtimespec.HeaderServer] = []string{b.id}
	h[runtimespec.HeaderLoad] = []string{string(b.state.Load().AppendHeader(make([]byte, 0, 96)))}
}

// maxHops is how many balancers a request may pass.
const maxHops = 8

func (b *Balancer) authorize(c *call) error {
	grant, err := b.settings().tokens.Check(c.Header.Get("Authorization"))
	if err != nil {
		return refusal(runtimespec.Unauthorized, "the balancer wants a bearer token that it knows: set --token-file on the caller")
	}
	c.grant, c.Tenant = grant, grant.Tenant
	if on := c.Header.Get(runtimespec.HeaderTenant); on != "" {
		if !grant.Delegate {
			return refusal(runtimespec.Forbidden, "this token may not act for another tenant")
		}
		c.Tenant = on
	}
	c.Hops = b.id
	if visited := c.Header.Get(runtimespec.HeaderHops); visited != "" {
		if strings.Contains(visited, b.id) || strings.Count(visited, ",") >= maxHops-1 {
			return refusal(runtimespec.BadRequest, "the request has come back to this balancer, or passed too many: is a balancer in its own list of servers, or do lists name each other in a circle?")
		}
		c.Hops = visited + "," + b.id
	}
	return nil
}

// key names the function that a request is about.
func (c *call) key() (k state.Key, err error) {
	value := c.Header.Get(runtimespec.HeaderFunction)
	if value == "" {
		return k, refusal(runtimespec.BadRequest, "the header %s is missing: callers of a balancer are client containers and balancers", runtimespec.HeaderFunction)
	}
	identity, err := runtimespec.ParseDigest(value)
	if err != nil {
		return k, refusal(runtimespec.BadRequest, "%s: %v", runtimespec.HeaderFunction, err)
	}
	return state.Key{Tenant: c.Tenant, Identity: identity}, nil
}

func (c *call) lease() (string, error) {
	lease := c.Header.Get(runtimespec.HeaderLease)
	if len(lease) != 36 || uuid.Validate(lease) != nil {
		return "", refusal(runtimespec.BadRequest, "the header %s must be a UUID", runtimespec.HeaderLease)
	}
	return lease, nil
}

// order is what an init and a run have in common: which function, for whom, and
// how long it may take.
func (c *call) order(longest time.Duration) (k state.Key, lease string, limit time.Duration, err error) {
	if k, err = c.key(); err != nil {
		return k, "", 0, err
	}
	if lease, err = c.lease(); err != nil {
		return k, "", 0, err
	}
	if len(c.Header.Get(runtimespec.HeaderActivation)) > runtimespec.MaxActivation {
		return k, "", 0, refusal(runtimespec.BadRequest, "%s has more than %d characters", runtimespec.HeaderActivation, runtimespec.MaxActivation)
	}
	if limit, err = runtimespec.Timeout(c.Header, longest); err != nil {
		return k, "", 0, fmt.Errorf("%w: %w", runtimespec.ErrMalformed, err)
	}
	return k, lease, limit, nil
}

// WantsFrames reports whether the caller takes an answer in frames.
func (c *call) WantsFrames() bool {
	return strings.Contains(c.Header.Get("Accept"), runtimespec.MediaFrames)
}
