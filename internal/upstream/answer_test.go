package upstream_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/upstream"
)

var allowed = map[string]struct {
	answer string
	status int
	body   string
}{
	"a length":          {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
	"no reason phrase":  {"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, ""},
	"the same twice":    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nab", 200, "ab"},
	"until it closes":   {"HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello"},
	"an older HTTP":     {"HTTP/1.0 200 OK\r\n\r\nhello", 200, "hello"},
	"chunks":            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: a\r\n\r\n", 200, "hello"},
	"interim answers":   {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", 200, "a"},
	"no body at all":    {"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", 204, ""},
	"another protocol":  {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nabc", 101, ""},
	"bare line feeds":   {"HTTP/1.1 200 OK\nContent-Length: 1\n\na", 200, "a"},
	"more than its end": {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", 200, "a"},
}

func TestSend_ReadsWhatHTTPAllows(t *testing.T) {
	for name, c := range allowed {
		t.Run(name, func(t *testing.T) {
			status, body, err := exchange(t, pool(t, raw(t, c.answer), upstream.Options{}), &upstream.Request{Path: "/run"})
			assert.NoError(t, err)
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.body, body)
		})
	}
}

var refused = map[string]string{
	"two lengths":            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
	"a length with a sign":   "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
	"a negative length":      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\na",
	"an encoding":            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	"chunks before 1.1":      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"a line that may end":    "HTTP/1.1 200 OK\r\nA: b\rContent-Length: 7\r\nContent-Length: 0\r\n\r\n",
	"an end that may be":     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\r\n\r\n",
	"a status that goes on":  "HTTP/1.1 200\r\r\nContent-Length: 0\r\n\r\n",
	"a control character":    "HTTP/1.1 200 OK\r\nA: \x00\r\nContent-Length: 0\r\n\r\n",
	"a bare trailer":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\n\r\n",
	"a trailer that is none": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA b\r\n\r\n",
	"a name in quotes":       "HTTP/1.1 200 OK\r\n\"a\": b\r\nContent-Length: 0\r\n\r\n",
	"a folded line":          "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
	"a name with a space":    "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
	"a line without colon":   "HTTP/1.1 200 OK\r\nhello\r\n\r\n",
	"another version":        "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
	"no status":              "HTTP/1.1 OK\r\n\r\n",
	"a long status":          "HTTP/1.1 2000 OK\r\n\r\n",
	"a head that ends":       "HTTP/1.1 200 OK\r\nContent-Le",
	"nothing":                "",
	"a short body":           "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
	"a short chunk":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
	"no last chunk":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	"no end of chunks":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n",
	"a long head":            "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 70) + "Content-Length: 0\r\n\r\n",
	"a long line":            "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 70<<10) + "\r\nContent-Length: 0\r\n\r\n",
	"interim for ever":       strings.Repeat("HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n", 3000) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	"a long trailer":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 70) + "\r\n",
}

// Whatever a server answers, it is an error that leaves open whether the request
// was handled, and never a whole body.
func TestSend_RefusesWhatMayBeReadInTwoWays(t *testing.T) {
	for name, answer := range refused {
		t.Run(name, func(t *testing.T) {
			p := pool(t, raw(t, answer), upstream.Options{})
			_, _, err := exchange(t, p, &upstream.Request{Path: "/run"})
			assert.Error(t, err)
			assert.NotErrorIs(t, err, upstream.ErrNotSent)
			assert.NotErrorIs(t, err, io.EOF)
			assert.Zero(t, p.Idle())
		})
	}
}

func TestHead_FindsFields(t *testing.T) {
	h := upstream.Answer(200, "A: 1\r\nwhiskaway-server:  x \r\nb: 2\r\nB: 3\r\nEmpty:\r\n", nil).Head
	assert.Equal(t, "x", h.Get("Whiskaway-Server"))
	assert.True(t, h.Is("a", "1"))
	assert.False(t, h.Is("Missing", "1"))
	assert.Equal(t, "2", h.Get("B"))
	assert.Empty(t, h.Get("Empty"))
	only, ok := h.Only("A")
	assert.True(t, ok)
	assert.Equal(t, "1", only)
	_, ok = h.Only("B")
	assert.False(t, ok)
	_, ok = h.Only("Missing")
	assert.False(t, ok)
}

// What is read as an answer, net/http reads the same way: its status, its header,
// its body, and where the next answer begins.
func FuzzAnswer(f *testing.F) {
	for _, c := range allowed {
		f.Add(c.answer)
	}
	for _, answer := range refused {
		if len(answer) < 1000 {
			f.Add(answer)
		}
	}
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x, close\r\n\r\nab")
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := upstream.ReadAnswer([]byte(text))
		if err != nil {
			return
		}
		in := bufio.NewReader(strings.NewReader(text))
		want, err := final(in)
		require.NoError(t, err)
		body, err := io.ReadAll(want.Body)
		require.NoError(t, err)
		assert.Equal(t, want.StatusCode, got.Status)
		assert.Equal(t, string(body), string(got.Body))
		for name, values := range want.Header {
			assert.Equal(t, values[0], got.Head.Get(name))
			_, only := got.Head.Only(name)
			assert.True(t, only == (len(values) == 1) || name == "Content-Length", name) // net/http takes the same one twice for one
		}
		if got.Goes {
			assert.False(t, want.Close)
			rest, _ := io.ReadAll(in)
			assert.Equal(t, len(rest), got.Left)
		}
	})
}

// final returns the answer behind the interim ones.
func final(in *bufio.Reader) (*http.Response, error) {
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: http.MethodPost})
		if err != nil || resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, err
		}
	}
}
