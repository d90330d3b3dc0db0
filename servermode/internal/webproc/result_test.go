package webproc_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/webproc"
)

const asWeb = `{"value":{"__ow_method":"get","__ow_path":"/","__ow_query":""}}`

// answering is a client whose server answers so.
func answering(t *testing.T, handler http.HandlerFunc) *webproc.Client {
	c := newClient(t, webproc.Endpoint{Run: "/"})
	serve(t, c, "127.0.0.1", handler)
	return c
}

func TestRun_AnswerBecomesTheResult(t *testing.T) {
	for _, c := range []struct {
		status            int
		kind, body, plain string
		web               string
	}{
		{200, "application/json", "{\"n\":1.0, \"big\":12345678901234567890}\n", "{\"n\":1.0, \"big\":12345678901234567890}\n", `{"statusCode":200,"headers":{"content-type":"application/json"},"body":{"n":1.0, "big":12345678901234567890}` + "\n}"},
		{201, "application/problem+json; charset=utf-8", `[1]`, `[1]`, `{"statusCode":201,"headers":{"content-type":"application/problem+json; charset=utf-8"},"body":[1]}`},
		{200, "application/json", `1.50`, `{"body":1.50}`, `{"statusCode":200,"headers":{"content-type":"application/json"},"body":1.50}`},
		{200, "application/json", `"text"`, `{"body":"text"}`, `{"statusCode":200,"headers":{"content-type":"application/json"},"body":"InRleHQi"}`},
		{200, "application/json", `{broken`, `{"body":"{broken"}`, `{"statusCode":200,"headers":{"content-type":"application/json"},"body":"e2Jyb2tlbg=="}`},
		{200, "text/plain", `{"a":1}`, `{"body":"{\"a\":1}"}`, `{"statusCode":200,"headers":{"content-type":"text/plain"},"body":"{\"a\":1}"}`},
		{200, "text/html", "<p>\xff\"❄\"", `{"body":"<p>` + "\ufffd" + `\"❄\""}`, `{"statusCode":200,"headers":{"content-type":"text/html"},"body":"<p>` + "\ufffd" + `\"❄\""}`},
		{200, "image/png", "\x89PNG", `{"body":"iVBORw==","contentType":"image/png"}`, `{"statusCode":200,"headers":{"content-type":"image/png"},"body":"iVBORw=="}`},
		{204, "", "", `{}`, `{"statusCode":204,"headers":{},"body":""}`},
		{200, "-", `{"a":1}`, `{"a":1}`, `{"statusCode":200,"headers":{"content-type":"application/json"},"body":{"a":1}}`},
		{200, "-", `hello`, `{"body":"hello"}`, `{"statusCode":200,"headers":{"content-type":"text/plain; charset=utf-8"},"body":"hello"}`},
		{200, "-", "\xff\x00", `{"body":"/wA=","contentType":""}`, `{"statusCode":200,"headers":{"content-type":"application/octet-stream"},"body":"/wA="}`},
		{404, "application/json", `{"detail":"no"}`, `{"error":{"statusCode":404,"body":{"detail":"no"}}}`, `{"statusCode":404,"headers":{"content-type":"application/json"},"body":{"detail":"no"}}`},
		{500, "text/plain", `oops`, `{"error":{"statusCode":500,"body":"oops"}}`, `{"statusCode":500,"headers":{"content-type":"text/plain"},"body":"oops"}`},
		{302, "text/plain", ``, `{"error":{"statusCode":302,"body":""}}`, `{"statusCode":302,"headers":{"content-type":"text/plain","location":"/elsewhere","set-cookie":["a=1","b=2"]},"body":""}`},
	} {
		t.Run(fmt.Sprint(c.status, c.kind, c.body), func(t *testing.T) {
			client := answering(t, func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "/", r.URL.Path, "no redirect is followed")
				h := w.Header()
				h["Content-Type"], h["Date"] = []string{c.kind}, nil
				if c.kind == "-" || c.kind == "" {
					h["Content-Type"] = nil
				}
				if c.status == 302 {
					h["Location"], h["Set-Cookie"] = []string{"/elsewhere"}, []string{"a=1", "b=2"}
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			result, err := run(t, client, `{"value":{}}`)
			require.NoError(t, err)
			assert.Equal(t, c.plain, result)
			result, err = run(t, client, asWeb)
			require.NoError(t, err)
			assert.Equal(t, c.web, result)
		})
	}
}

func TestRun_TooLarge(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"with its length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(5<<20))
			_, _ = io.WriteString(w, strings.Repeat("x", 5<<20))
		},
		"without end": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
			}
		},
		"once escaped": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("\"", maxResult*2/3))
		},
	} {
		client := answering(t, handler)
		for _, line := range []string{`{"value":{}}`, asWeb} {
			_, err := run(t, client, line)
			assert.ErrorIs(t, err, process.ErrTooLarge, name)
		}
	}
}

func TestRun_StreamsAreReadToTheirEnd(t *testing.T) {
	client := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			_, _ = fmt.Fprintf(w, "data: %d\n\n", i)
			assert.NoError(t, http.NewResponseController(w).Flush())
		}
	})
	result, err := run(t, client, `{"value":{}}`)
	require.NoError(t, err)
	assert.Equal(t, `{"body":"data: 0\n\ndata: 1\n\ndata: 2\n\n"}`, result)
}

func TestRun_NoWholeAnswer(t *testing.T) {
	for name, answer := range map[string]string{
		"none":      "",
		"garbage":   "hello\r\n\r\n",
		"cut off":   "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":",
		"cut chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\"",
		"upgraded":  "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
		"headers":   "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100<<10) + "\r\n\r\n",
		"hints":     strings.Repeat("HTTP/1.1 103 Early Hints\r\nX: "+strings.Repeat("x", 10_000)+"\r\n\r\n", 100),
	} {
		client := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if assert.NoError(t, err) {
				_, _ = io.WriteString(conn, answer)
				_ = conn.Close()
			}
		})
		_, err := run(t, client, `{"value":{}}`)
		assert.ErrorIs(t, err, process.ErrProtocol, name)
	}
}

func TestRun_EndsWithItsContext(t *testing.T) {
	left := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	client := answering(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		stop()
		<-r.Context().Done()
		close(left)
	})
	_, err := client.Run(ctx, []byte(`{"value":{}}`), maxResult)
	require.ErrorIs(t, err, context.Canceled)
	<-left
}
