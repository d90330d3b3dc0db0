package clientmode_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// A caller that sends everything before it looks for the answer, and is slow at
// it, finds the answer whole.
func TestLimits_ABodyOverThemIsAnsweredWhole(t *testing.T) {
	f := newFake(t, nil)
	r := ready(t, f, clientmode.Config{})
	const size = 40 << 20
	chunk := strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct{ head, before, after, end string }{
		"with its length": {head: fmt.Sprintf("Content-Length: %d", size)},
		"in chunks":       {"Transfer-Encoding: chunked", "100000\r\n", "\r\n", "0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", r.Addr())
			require.NoError(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, "POST /run HTTP/1.1\r\nHost: x\r\n"+c.head+"\r\n\r\n")
			require.NoError(t, err)
			for i := range size >> 20 {
				if i == 36 {
					time.Sleep(time.Second) // more than a server lingers by itself
				}
				_, err = io.WriteString(conn, c.before+chunk+c.after)
				require.NoError(t, err, "after %d MiB", i)
			}
			_, err = io.WriteString(conn, c.end)
			require.NoError(t, err)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
			assert.Equal(t, `{"error":"the request is larger than 33554432 bytes, the limit that --max-run-body (WHISKAWAY_MAX_RUN_BODY) sets"}`, string(body))
			assert.EqualValues(t, len(body), resp.ContentLength)
		})
	}
	r.sentinels(2)
	assert.Empty(t, f.all("/run"))
	assert.Equal(t, http.StatusOK, r.post("/run", `{"value":{}}`+strings.Repeat(" ", 30<<20)[:1000]).Status)
}

// A caller that asks first is told before it sends anything.
func TestLimits_ABodyThatIsAnnouncedIsRefusedAtOnce(t *testing.T) {
	r := ready(t, newFake(t, nil), clientmode.Config{MaxRunBody: 1000})
	conn, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /run HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
}

func TestLimits_AreNamed(t *testing.T) {
	r := newRig(t, clientmode.Config{Upstream: newFake(t, nil).URL, MaxInitBody: 1000})
	a := r.post("/init", initBody(large))
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.Status)
	assert.Contains(t, a.Body, "larger than 1000 bytes, the limit that --max-init-body (WHISKAWAY_MAX_INIT_BODY) sets")
}

// A result over the limit is what it is to the platform: an application error,
// with its words. A failure stays one.
func TestLimits_AResultOverThem(t *testing.T) {
	answer := func(status, size int, before ...[]byte) script {
		return func(w http.ResponseWriter, _ request) {
			result(w, status, `{"a":"`+strings.Repeat("x", size-len(`{"a":""}`))+`"}`, before...)
		}
	}
	f := newFake(t, nil)
	r := ready(t, f, clientmode.Config{})
	for _, c := range []struct {
		script script
		status int
		body   string
	}{
		{answer(200, 1<<20), 200, ""},
		{answer(200, 1<<20+1, log(runtimespec.Stdout, "before it\n")), 200, `{"error":"The action produced a response that exceeded the allowed length: 1048577 > 1048576 bytes."}`},
		{answer(502, 3<<20, runtimespec.AppendFrame(nil, runtimespec.Cause, 0, []byte(runtimespec.BadResult))), 502, `{"error":"The action produced a response that exceeded the allowed length: 3145728 > 1048576 bytes."}`},
	} {
		f.on("/run", c.script)
		a := r.post("/run", runBody("a"))
		assert.Equal(t, c.status, a.Status)
		if c.body != "" {
			assert.Equal(t, c.body, a.Body)
		}
	}
	assert.Contains(t, r.stdout.String(), "before it\n")
	r.sentinels(3)
	f.on("/run", answer(200, 8<<20))
	r = ready(t, f, clientmode.Config{MaxResult: 8 << 20})
	assert.Len(t, r.post("/run", runBody("a")).Body, 8<<20, "it can be set")
}

func TestOpenServerless_AResultOverTheLimit(t *testing.T) {
	s, r := foreign(t, clientmode.Config{MaxResult: 1 << 10})
	body := fmt.Sprintf(`{"response":[%q],"out":"a log\n","err":""}`, strings.Repeat("x", 1<<10))
	s.Answer("error", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	})
	a := r.post("/run", do("error"))
	assert.Equal(t, http.StatusOK, a.Status)
	assert.Equal(t, `{"error":"The action produced a response that exceeded the allowed length: 1028 > 1024 bytes."}`, a.Body)
	assert.Contains(t, r.stdout.String(), "a log\n")
}
