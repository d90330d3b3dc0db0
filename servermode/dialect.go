package servermode

import (
	"sync"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
)

// dialect answers callers that send no headers of ours. The body has been read,
// within its bound. A returned error is answered as in our own dialect; a dialect
// with other answers writes them itself.
type dialect interface {
	// Init calls read when it does not refer to the body any more: the memory of
	// uploads is shared. It may return without.
	Init(c *call, body []byte, read func()) error
	Run(c *call, body []byte) error
	Stop(c *call, body []byte) error
}

// either is the handler of an endpoint: ours, or for callers that send none of
// our headers foreign, which finds out what they speak.
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

// ours reports whether the caller speaks our own dialect. Each of its requests
// has the first of these headers; one with only another gets an error that says
// what is missing.
func ours(c *call) bool {
	for _, name := range []string{runtimespec.HeaderFunction, runtimespec.HeaderLease, runtimespec.HeaderCode, runtimespec.HeaderActivation} {
		if len(c.Header[name]) > 0 {
			return true
		}
	}
	return false
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

// dialectOf finds out by a body what its caller speaks.
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
