package clientmode_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

var complete = string(runtimespec.AppendFrame(nil, runtimespec.Result, 200, []byte(`{"a":1}`)))

func TestRun_IsNeverSentTwice(t *testing.T) {
	for name, broken := range map[string]script{
		"closed before the head":  raw(""),
		"reset before the head":   reset,
		"closed within the head":  raw(head),
		"closed within the logs":  raw(head + "\r\n" + string(log(runtimespec.Stdout, "started\n"))),
		"closed within the frame": raw(head + "\r\n" + complete[:len(complete)-1]),
		"cut off by its length":   raw(head + "Content-Length: 900\r\n\r\n" + complete[:9]),
		"cut off in chunks":       raw(head + "Transfer-Encoding: chunked\r\n\r\n3\r\n\x01\x00\x00\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/run": first(1, broken, echo)})
			r := ready(t, f, clientmode.Config{Unavailable: true})
			a := r.post("/run", runBody("a"))
			assert.Equal(t, http.StatusBadGateway, a.Status)
			assert.Contains(t, a.Body, "it may have run and is not sent again")
			assert.NotContains(t, a.Body, "127.0.0.1")
			assert.Equal(t, 1, f.count("/run"))
			r.sentinels(1)
			assert.Equal(t, http.StatusOK, r.post("/run", runBody("b")).Status)
			assert.Equal(t, 2, f.count("/run"))
			r.sentinels(2)
		})
	}
}

func TestRun_ACompleteResultOutlivesItsConnection(t *testing.T) {
	for name, broken := range map[string]script{
		"closed before its length": raw(head + "Content-Length: 900\r\n\r\n" + complete),
		"closed before last chunk": raw(head + "Transfer-Encoding: chunked\r\n\r\nf\r\n" + complete + "\r\n"),
		"garbage as next chunk":    raw(head + "Transfer-Encoding: chunked\r\n\r\nf\r\n" + complete + "\r\nzz\r\n"),
		"an end that never comes": func(w http.ResponseWriter, r request) {
			result(w, 200, `{"a":1}`)
			w.(http.Flusher).Flush()
			<-r.done
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/run": first(1, broken, echo)})
			r := ready(t, f, clientmode.Config{})
			start := time.Now()
			a := r.post("/run", runBody("a"))
			assert.Equal(t, `{"a":1}`, a.Body)
			assert.Equal(t, http.StatusOK, a.Status)
			assert.Less(t, time.Since(start), 5*time.Second)
			assert.Equal(t, http.StatusOK, r.post("/run", runBody("b")).Status)
			assert.Equal(t, 2, f.count("/run"))
		})
	}
}

func TestRun_AConnectionThatWentStaleIsNotUsed(t *testing.T) {
	f := newFake(t, nil)
	r := ready(t, f, clientmode.Config{})
	for i := range 50 {
		f.CloseClientConnections()
		a := r.post("/run", runBody("a"))
		assert.Equal(t, http.StatusOK, a.Status, a.Body)
		assert.Equal(t, i+1, f.count("/run"))
	}
}
