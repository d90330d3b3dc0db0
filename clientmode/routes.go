package clientmode

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/whiskaway/whiskaway/internal/web"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// routes returns the platform's two endpoints and the health checks.
func (c *Client) routes() http.Handler {
	e := web.New(c.log)
	e.GET(runtimespec.PathHealth, web.Health)
	e.GET(runtimespec.PathReady, web.Health)
	e.POST(runtimespec.PathInit, handler(c.init))
	e.POST(runtimespec.PathRun, handler(c.run))
	return e
}

func handler(h http.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error { h(e.Response().Writer, e.Request()); return nil }
}

// readBody reads the whole body of a request.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	var buf bytes.Buffer
	if r.ContentLength > 0 {
		buf.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(http.MaxBytesReader(w, io.NopCloser(r.Body), limit))
	return buf.Bytes(), err
}

// refuseBody answers a request whose body cannot be read; setting names its limit.
func refuseBody(w http.ResponseWriter, err error, setting string) {
	var tooLarge *http.MaxBytesError
	if !errors.As(err, &tooLarge) {
		respond(w, failure(http.StatusBadRequest, runtimespec.BadRequest, "the request's body did not arrive: %s", cause(err)))
		return
	}
	// The listener reads the rest, so that the answer is not lost on the way.
	respond(w, failure(http.StatusRequestEntityTooLarge, runtimespec.TooLarge,
		"the request is larger than %d bytes, the limit that %s sets", tooLarge.Limit, setting))
}

// respond answers the platform. Every answer has a Content-Length; without one
// the platform takes the container for dead.
func respond(w http.ResponseWriter, out outcome) {
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(out.body))}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
}
