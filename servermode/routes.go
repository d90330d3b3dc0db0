package servermode

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/internal/web"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// routes is the server's HTTP face. Everything but the probes needs a token.
func (s *Server) routes() http.Handler {
	e := web.New(s.log)
	e.GET(runtimespec.PathHealth, web.Health)
	e.GET(runtimespec.PathReady, s.ready)
	e.POST(runtimespec.PathInit, s.handle(either(s.init, s.foreignInit)))
	e.POST(runtimespec.PathRun, s.handle(either(s.run, s.foreignRun)))
	e.POST(runtimespec.PathStop, s.handle(either(s.stopLease, s.foreignStop)))
	e.GET(runtimespec.PathFunctions, s.handle(s.functions))
	e.GET(pathMetrics, s.handle(s.showMetrics))
	return e
}

// call is one authenticated request.
type call struct {
	*http.Request
	w      http.ResponseWriter
	grant  token.Grant
	tenant string
	trace  runtimespec.Trace // that it came with
	span   trace.Span        // of an init, a run or a stop; none where traces are off
}

// handle checks who calls, signs the answer with the server's incarnation and
// load, and maps a returned error to its refusal.
func (s *Server) handle(next func(*call) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		call := &call{Request: c.Request(), w: c.Response().Writer}
		s.sign(call.w.Header())
		s.beginSpan(call)
		defer call.endSpan() // also of an answer that is broken off
		err := s.authorize(call)
		if err == nil {
			err = next(call)
		}
		if err != nil {
			s.refuse(call, err)
		}
		return nil
	}
}

// sign puts on every answer who answers and how busy it is.
func (s *Server) sign(h http.Header) {
	h[runtimespec.HeaderServer] = []string{s.incarnation}
	h[runtimespec.HeaderLoad] = []string{s.loadReport()}
}

func (s *Server) loadReport() string {
	load := s.table.Load()
	return string(runtimespec.Load{
		InFlight: int(load.InFlight.Load()), Queued: int(load.Queued.Load()), Slots: s.cfg.Slots, CPU: -1,
	}.AppendHeader(make([]byte, 0, 96)))
}

func (s *Server) authorize(c *call) error {
	grant, err := s.settings().tokens.Check(c.Header.Get("Authorization"))
	if err != nil {
		return refusal(runtimespec.Unauthorized, "the server wants a bearer token that it knows: set --token-file on the caller")
	}
	c.grant, c.tenant = grant, grant.Tenant
	if on := c.Header.Get(runtimespec.HeaderTenant); on != "" {
		if !grant.Delegate {
			return refusal(runtimespec.Forbidden, "this token may not act for another tenant")
		}
		c.tenant = on
	}
	if want := c.Header.Get(runtimespec.HeaderServer); want != "" && want != s.incarnation {
		return refusal(runtimespec.WrongServer, "this is another server than the request was meant for, or it was restarted")
	}
	return nil
}

// key names the function that a request is about.
func (c *call) key() (function.Key, error) {
	value := c.Header.Get(runtimespec.HeaderFunction)
	if value == "" {
		return function.Key{}, refusal(runtimespec.BadRequest, "the header "+runtimespec.HeaderFunction+" is missing: callers of a server are client containers and balancers")
	}
	identity, err := runtimespec.ParseDigest(value)
	if err != nil {
		return function.Key{}, refusal(runtimespec.BadRequest, runtimespec.HeaderFunction+": "+err.Error())
	}
	return function.Key{Tenant: c.tenant, Identity: identity}, nil
}

func (c *call) lease() (string, error) {
	lease := c.Header.Get(runtimespec.HeaderLease)
	if _, err := uuid.Parse(lease); err != nil || len(lease) != 36 {
		return "", refusal(runtimespec.BadRequest, "the header "+runtimespec.HeaderLease+" must be a UUID")
	}
	return lease, nil
}

// order is what an init and a run have in common: which function, for whom, and
// how long it may take, at most longest.
func (c *call) order(longest time.Duration) (key function.Key, lease string, limit time.Duration, err error) {
	if key, err = c.key(); err != nil {
		return key, "", 0, err
	}
	if lease, err = c.lease(); err != nil {
		return key, "", 0, err
	}
	if len(c.Header.Get(runtimespec.HeaderActivation)) > runtimespec.MaxActivation {
		return key, "", 0, refusal(runtimespec.BadRequest, fmt.Sprintf("%s has more than %d characters", runtimespec.HeaderActivation, runtimespec.MaxActivation))
	}
	if limit, err = runtimespec.Timeout(c.Header, longest); err != nil {
		return key, "", 0, refusal(runtimespec.BadRequest, err.Error())
	}
	return key, lease, min(limit, longest), nil
}

func (c *call) wantsFrames() bool {
	return strings.Contains(c.Header.Get("Accept"), runtimespec.MediaFrames)
}
