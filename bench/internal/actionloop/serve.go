package actionloop

import (
	"io"
	"log"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// Body reads a request's or an answer's body of a known length. It uses buf
// unless that is too short for one more byte.
func Body(from io.Reader, length int64, buf []byte) ([]byte, error) {
	length = max(0, length)
	buf = slices.Grow(buf[:0], int(length)+1)[:length]
	_, err := io.ReadFull(from, buf)
	return buf, err
}

// Buffers are kept from one request to the next.
var Buffers = sync.Pool{New: func() any { return new([]byte) }}

// Answer sends an answer with its length, as the platform demands.
func Answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Fail answers an error.
func Fail(w http.ResponseWriter, err error) {
	log.Print(err)
	Answer(w, http.StatusBadGateway, []byte(`{"error":`+strconv.Quote(err.Error())+`}`))
}
