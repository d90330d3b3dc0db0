// Package endpoint is the server side of the contract, once for every service:
// it checks tokens and tenants, reads and writes headers, limits bodies,
// answers refusals, and does the tracing and the access log. A service's
// handlers get a Call with plain values and return errors.
package endpoint

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/internal/web"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Config is what services differ in. Service, ID, Load, Tokens and Log are
// required.
type Config struct {
	Service string // what callers are told the service is: "server"
	ID      string // the incarnation
	Log     *zap.Logger
	Tracer  *trace.Tracer // nil: no spans are recorded

	Tokens func() token.Set                              // those that are valid now
	Load   func() runtimespec.Load                       // the utilisation that answers report
	Admit  func(*Call) error                             // refuses a request that has a valid token
	Sort   func(error) *refusal.Refusal                  // returns what an error means; default refusal.Of
	Level  func(*Call, runtimespec.Reason) zapcore.Level // of a refusal's log line; default debug

	AccessLog func() bool // whether each init, run and stop gets a log line; default none does
	Answered  func(*Call) // called after each init, run and stop
}

// Endpoint is a service's HTTP face.
type Endpoint struct {
	Config
	id []string // Config.ID, as a header's value
}

// New returns a service's endpoint.
func New(c Config) *Endpoint { return &Endpoint{Config: c, id: []string{c.ID}} }

// Echo returns a router whose handlers' errors the endpoint answers.
func (e *Endpoint) Echo() *echo.Echo {
	router := web.New(e.Log)
	router.HTTPErrorHandler = func(err error, c echo.Context) {
		if c.Response().Committed {
			e.Log.Debug("after the answer started", zap.Error(err))
			return
		}
		e.call(c).refuse(err)
	}
	return router
}

// Call is one request, and what the log says about it. It is valid until its
// handler returns; work that outlives the handler takes plain values.
type Call struct {
	*http.Request
	W     http.ResponseWriter
	Grant token.Grant
	Began time.Time
	exchange.Exchange

	Status  int    // of the answer; 0: not known
	Outcome string // a reason or another outcome; empty: the status says it
	Failed  error  // why it was refused; nil: not by this service

	endpoint *Endpoint
	echo     echo.Context
}

func (e *Endpoint) call(c echo.Context) *Call {
	r := c.Request()
	return &Call{Request: r, W: c.Response().Writer, Began: time.Now(), Exchange: exchange.Exchange{Caller: r.Context()}, endpoint: e, echo: c}
}

// Handle makes a handler of the contract one of echo's. It authorizes the
// caller and answers the error that the handler returns.
func (e *Endpoint) Handle(next func(*Call) error) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		c := e.call(ctx)
		c.beginSpan()
		returned := false
		defer func() { // also of an answer that is broken off
			if !returned && c.Outcome == "" { // the handler panicked
				c.Outcome = string(runtimespec.Internal)
			}
			c.end()
		}()
		err := c.authorize()
		if err == nil {
			err = next(c)
		}
		if err != nil {
			c.refuse(err)
		}
		returned = true
		return nil
	}
}

// Param returns the value of a path's parameter, escaped as it came.
func (c *Call) Param(name string) string { return c.echo.Param(name) }

// HeaderValue returns the value of a header, given its canonical name. It is
// empty if there is none.
func (c *Call) HeaderValue(name string) string {
	if values := c.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// IsWork reports whether the request is an init, a run or a stop, which are
// counted, traced and logged.
func (c *Call) IsWork() bool {
	switch c.URL.Path {
	case runtimespec.PathInit, runtimespec.PathRun, runtimespec.PathStop:
		return true
	}
	return false
}
