package hop_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/internal/hop"
)

func TestSend_ReadsWhatHTTPAllows(t *testing.T) {
	for name, c := range map[string]struct {
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
	} {
		t.Run(name, func(t *testing.T) {
			status, body, err := exchange(t, pool(t, raw(t, c.answer), hop.Options{}), &hop.Request{Path: "/run"})
			assert.NoError(t, err)
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.body, body)
		})
	}
}

// Whatever a server answers, it is an error that leaves open whether the request
// was heeded, and never a whole body.
func TestSend_RefusesWhatMayBeReadInTwoWays(t *testing.T) {
	for name, answer := range map[string]string{
		"two lengths":          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"a length with a sign": "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
		"a negative length":    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\na",
		"an encoding":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"a folded line":        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
		"a name with a space":  "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
		"a line without colon": "HTTP/1.1 200 OK\r\nhello\r\n\r\n",
		"another version":      "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
		"no status":            "HTTP/1.1 OK\r\n\r\n",
		"a long status":        "HTTP/1.1 2000 OK\r\n\r\n",
		"a head that ends":     "HTTP/1.1 200 OK\r\nContent-Le",
		"nothing":              "",
		"a short body":         "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
		"a short chunk":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
		"no last chunk":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"no end of chunks":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n",
		"a long head":          "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 70) + "Content-Length: 0\r\n\r\n",
		"a long line":          "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 70<<10) + "\r\nContent-Length: 0\r\n\r\n",
		"interim for ever":     strings.Repeat("HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n", 3000) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"a long trailer":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 70) + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := pool(t, raw(t, answer), hop.Options{})
			_, _, err := exchange(t, p, &hop.Request{Path: "/run"})
			assert.Error(t, err)
			assert.NotErrorIs(t, err, hop.ErrNotSent)
			assert.NotErrorIs(t, err, io.EOF)
			assert.Zero(t, p.Idle())
		})
	}
}

func TestHead_FindsFields(t *testing.T) {
	h := hop.Answer(200, "A: 1\r\nwhiskaway-server:  x \r\nb: 2\r\nB: 3\r\nEmpty:\r\n", nil).Head
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
