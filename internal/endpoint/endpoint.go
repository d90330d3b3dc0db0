// Package endpoint is the server side of the contract, once for every service: who
// calls and for which tenant, the headers of requests and answers, the limits of
// bodies, refusals, tracing and the access log. A service's handlers get a Call, say
// what they want with plain values, and return errors.
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

// Config is what services differ in. Service, ID, Load, Tokens and Log are required.
type Config struct {
	Service string // what its callers are told it is: "server"
	ID      string // its incarnation
	Log     *zap.Logger
	Tracer  *trace.Tracer // nil: no spans are recorded

	Tokens func() token.Set                              // those in force
	Load   func() runtimespec.Load                       // what answers say of how busy it is
	Admit  func(*Call) error                             // refuses a request whose token is good
	Sort   func(error) *refusal.Refusal                  // says what an error means; default refusal.Of
	Level  func(*Call, runtimespec.Reason) zapcore.Level // of a refusal's line in the log; default debug

	AccessLog func() bool // whether each answered init, run and stop has a line; default none has
	Answered  func(*Call) // sees each init, run and stop when it was answered
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
			e.Log.Debug("after the answer began", zap.Error(err))
			return
		}
		e.call(c).refuse(err)
	}
	return router
}

// Call is one request, and what is noted of it for the log. It is valid for as long
// as its handler; what outlives that takes plain values.
type Call struct {
	*http.Request
	W     http.ResponseWriter
	Grant token.Grant
	Began time.Time
	exchange.Exchange

	Status  int    // of the answer; 0: not known
	Outcome string // a reason, or what else it came to; empty: the status says it
	Failed  error  // why it was refused; nil: not by this service

	endpoint *Endpoint
	echo     echo.Context
}

func (e *Endpoint) call(c echo.Context) *Call {
	r := c.Request()
	return &Call{Request: r, W: c.Response().Writer, Began: time.Now(), Exchange: exchange.Exchange{Caller: r.Context()}, endpoint: e, echo: c}
}

// Handle makes a handler of the contract one of echo's: it checks who calls, and
// answers a returned error.
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

// Param is the value of a path's parameter, escaped as it came.
func (c *Call) Param(name string) string { return c.echo.Param(name) }

// HeaderValue is the value of a header by its canonical name, empty when there is none.
func (c *Call) HeaderValue(name string) string {
	if values := c.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// IsWork reports whether the request is of the kind that is counted, traced and
// logged.
func (c *Call) IsWork() bool {
	switch c.URL.Path {
	case runtimespec.PathInit, runtimespec.PathRun, runtimespec.PathStop:
		return true
	}
	return false
}
