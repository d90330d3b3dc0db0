package clientmode_test

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// endless writes head and then the same text until the connection breaks.
func endless(head, text string) script {
	return func(w http.ResponseWriter, _ request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		for _, err = io.WriteString(conn, head); err == nil; {
			_, err = io.WriteString(conn, text)
		}
	}
}

func TestRun_SurvivesAHostileServer(t *testing.T) {
	framed := func(more string) script { return raw(head + "\r\n" + more) }
	frame := func(stream runtimespec.Stream, status, length int) string {
		return string(runtimespec.AppendFrameHeader(nil, stream, status, length))
	}
	filler := strings.Repeat("x", 64<<10)
	for name, c := range map[string]struct {
		script script
		says   string
	}{
		"an endless body":           {endless("HTTP/1.1 200 OK\r\n\r\n", filler), "no server of this contract"},
		"an endless refusal":        {endless("HTTP/1.1 503 No\r\nWhiskaway-Reason: saturated\r\n\r\n", filler), "no server of this contract"},
		"an endless header":         {endless("HTTP/1.1 200 OK\r\n", "X-A: "+filler+"\r\n"), "may have run"},
		"interim answers for ever":  {endless("", "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"), "may have run"},
		"another protocol":          {raw("HTTP/1.1 101 Switching Protocols\r\nWhiskaway-Reason: saturated\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "no server of this contract"},
		"no HTTP":                   {raw("SSH-2.0-OpenSSH_9.9\r\n"), "may have run"},
		"no frames":                 {framed("<html>hello</html>"), "malformed frame"},
		"a refusal that succeeds":   {raw("HTTP/1.1 200 OK\r\nWhiskaway-Reason: saturated\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"), "no server of this contract"},
		"an answer without a body":  {raw("HTTP/1.1 204 No Content\r\nConnection: close\r\nWhiskaway-Reason: crashed\r\n\r\n"), "no server of this contract"},
		"a result without a body":   {framed(frame(runtimespec.Result, 204, 0)), "malformed frame"},
		"a redirect":                {raw("HTTP/1.1 307 Temporary Redirect\r\nLocation: /run\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), "307"},
		"a proxy's error":           {raw("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 5\r\n\r\nsorry"), "503 Service Unavailable"},
		"an empty 200":              {raw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), "no server of this contract"},
		"gzip":                      {raw(head + "Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00"), "malformed frame"},
		"bytes after the result":    {framed(complete + "x"), "malformed frame"},
		"a second result":           {framed(complete + complete), "malformed frame"},
		"a log over the limit":      {framed(frame(runtimespec.Stdout, 0, 1<<31)), "over the limit"},
		"a refusal over the limit":  {raw("HTTP/1.1 404 No\r\nWhiskaway-Reason: unknown-function\r\n\r\n" + strings.Repeat("x", 1<<20+1)), "no server of this contract"},
		"a cause without a failure": {framed(string(runtimespec.AppendFrame(nil, runtimespec.Cause, 0, []byte("saturated"))) + complete), "malformed frame"},
		"a result that is cut off":  {framed(frame(runtimespec.Result, 200, 1<<20) + "{"), "ended without its result"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/run": first(1, c.script, echo)})
			r := ready(t, f, clientmode.Config{MaxResult: 1 << 20, Unavailable: true, Limit: 20 * time.Second})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			a := r.post("/run", runBody("a"))
			runtime.ReadMemStats(&after)
			assert.Equal(t, http.StatusBadGateway, a.Status)
			assert.Contains(t, a.Body, c.says)
			assert.Less(t, len(a.Body), 1000)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20))
			assert.Equal(t, 1, f.count("/run"))
			r.sentinels(1)
			assert.Equal(t, http.StatusOK, r.post("/run", runBody("b")).Status)
			r.sentinels(2)
		})
	}
}

// drain is a stream without a reader.
type drain struct{}

func (drain) Write(p []byte) (int, error) { return len(p), nil }

func TestRun_EndlessLogsEndAtTheDeadline(t *testing.T) {
	flood := endless(head+"\r\n", string(log(runtimespec.Stdout, strings.Repeat("x\n", 30<<10))))
	f := newFake(t, map[string]script{"/run": first(1, flood, echo)})
	client := clientmode.New(clientmode.Config{Listen: "127.0.0.1:0", Upstream: f.URL, Limit: 300 * time.Millisecond, Stdout: drain{}, Stderr: drain{}})
	r := &rig{Client: client, t: t}
	assert.NoError(t, client.Start())
	t.Cleanup(func() { _ = client.Stop(t.Context()) })
	assert.Equal(t, http.StatusOK, r.post("/init", initBody(small)).Status)
	a := r.post("/run", runBody("a"))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "time limit")
	assert.Equal(t, http.StatusOK, r.post("/run", runBody("b")).Status)
}
