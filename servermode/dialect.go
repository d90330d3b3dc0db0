package servermode

import (
	"slices"
	"sync"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
)

// dialect answers callers that send no headers of ours. The body has been read,
// within its bound. A returned error is answered as in our own dialect. A dialect
// whose answers differ writes them itself.
type dialect interface {
	// Init calls read when it needs the body no longer, because uploads share their
	// memory. It may return without calling it.
	Init(c *call, body []byte, read func()) error
	Run(c *call, body []byte) error
	Stop(c *call, body []byte) error
}

// either returns a handler that passes requests in our own dialect to own, and all
// others to foreign, which finds out their dialect.
func either(own, foreign func(*call) error) func(*call) error {
	return func(c *call) error {
		if ours(c) {
			return own(c)
		}
		if c.FromBrowser() {
			return refusal.New(runtimespec.Forbidden, "a web page may not use this server")
		}
		return foreign(c)
	}
}

// own are the headers of our own dialect.
var own = []string{runtimespec.HeaderFunction, runtimespec.HeaderLease, runtimespec.HeaderCode, runtimespec.HeaderActivation}

// ours reports whether the caller speaks our own dialect. Each request of that
// dialect has the first of these headers. A request with only another of them gets
// an error that says what is missing.
func ours(c *call) bool {
	return slices.ContainsFunc(own, func(name string) bool { return len(c.Header[name]) > 0 })
}

func (s *Server) foreignInit(c *call) error {
	free, err := s.reserve(c)
	if err != nil {
		return err
	}
	free = sync.OnceFunc(free)
	defer free()
	body, err := c.Read(s.cfg.initLimit(), nil)
	if err != nil {
		return err
	}
	return s.dialectOf(body).Init(c, body, free)
}

func (s *Server) foreignRun(c *call) error {
	body, err := c.Read(s.cfg.runLimit(), nil)
	if err != nil {
		return err
	}
	return s.dialectOf(body).Run(c, body)
}

func (s *Server) foreignStop(c *call) error {
	body, err := c.Read(s.cfg.runLimit(), nil)
	if err != nil {
		return err
	}
	return s.dialectOf(body).Stop(c, body)
}

// dialectOf returns the dialect that a request's body is in.
func (s *Server) dialectOf(body []byte) dialect {
	if runtimespec.HasMember(body, "proxiedActionID", "actionCodeHash") {
		return s.openServerless
	}
	return s.plain
}

// by returns the caller of a request.
func by(c *call) invoke.Caller {
	return invoke.Caller{Tenant: c.Tenant, Span: c.Span, Trace: c.Onward().Trace}
}
