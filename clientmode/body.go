package clientmode

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// readBody reads a request's body whole.
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

// refuseBody answers a request whose body cannot be read; setting is what bounds
// it.
func refuseBody(w http.ResponseWriter, r *http.Request, err error, setting string) {
	var tooLarge *http.MaxBytesError
	if !errors.As(err, &tooLarge) {
		respond(w, failure(http.StatusBadRequest, runtimespec.BadRequest, "the request's body did not arrive: %s", cause(err)))
		return
	}
	full := http.NewResponseController(w)
	_ = full.EnableFullDuplex() // or the rest of the body is lost when the answer begins
	respond(w, failure(http.StatusRequestEntityTooLarge, runtimespec.TooLarge,
		"the request is larger than %d bytes, the limit that %s sets", tooLarge.Limit, setting))
	if r.Header.Get("Expect") != "" {
		return // nothing is sent until it is asked for
	}
	_ = full.Flush()
	_ = full.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, r.Body)
}

// lingerTime bounds how long the rest of a body is read that was refused. A
// caller looks for the answer when it has sent everything; a connection that is
// closed before is reset, and the answer lost.
const lingerTime = 30 * time.Second

// respond answers the platform: always with a Content-Length, or it takes the
// container for dead.
func respond(w http.ResponseWriter, out outcome) {
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(out.body))}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
}
