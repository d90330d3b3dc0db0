package httpserver_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/httpserver"
)

// requests are what callers may send, and whether it is simple.
var requests = map[string]struct {
	text string
	here bool
}{
	"a run":                   {post("/run", `{"value":{}}`, "Content-Type: application/json", "Accept: */*"), true},
	"our headers":             {post("/run", "{}", "whiskaway-function: abc", "Whiskaway-Lease:  x ", "traceparent: 00-1"), true},
	"unknown headers":         {post("/run", "{}", "x-Some-tHing: a, b;c=\"d\""), true},
	"no body":                 {post("/stop", ""), true},
	"an empty value":          {post("/run", "{}", "Whiskaway-Kind:"), true},
	"kept alive":              {post("/run", "{}", "Connection: keep-alive"), true},
	"a large body":            {post("/run", strings.Repeat("x", 300<<10)), true},
	"a large head":            {post("/init", "{}", "Whiskaway-Env: "+strings.Repeat("x", 15<<10)), true},
	"a larger head":           {post("/init", "{}", "Whiskaway-Env: "+strings.Repeat("x", 40<<10)), false},
	"a head over the limit":   {post("/init", "{}", "Whiskaway-Env: "+strings.Repeat("x", 80<<10)), false},
	"another method":          {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", false},
	"no length":               {"POST /run HTTP/1.1\r\nHost: x\r\n\r\n", false},
	"chunks":                  {"POST /run HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", false},
	"chunks and a length":     {post("/run", "2\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), false},
	"two lengths":             {post("/run", "{}", "Content-Length: 3"), false},
	"a length with a sign":    {"POST /run HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}", false},
	"a query":                 {post("/run?a=b", "{}"), false},
	"an escape":               {post("/r%75n", "{}"), false},
	"a whole URL":             {post("http://x/run", "{}"), false},
	"a path that goes up":     {post("/a/../run", "{}"), false},
	"an older HTTP":           {"POST /run HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}", false},
	"a newer HTTP":            {"POST /run HTTP/2.0\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", false},
	"no host":                 {"POST /run HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", false},
	"two hosts":               {post("/run", "{}", "Host: y"), false},
	"the last request":        {post("/run", "{}", "Connection: close"), false},
	"an upgrade":              {post("/run", "{}", "Connection: upgrade", "Upgrade: x"), false},
	"the same header twice":   {post("/run", "{}", "Accept: a", "Accept: b"), false},
	"a space before a colon":  {post("/run", "{}", "Accept : a"), false},
	"a folded line":           {post("/run", "{}", "Accept: a\r\n b"), false},
	"a line without a colon":  {post("/run", "{}", "Accept"), false},
	"a control character":     {post("/run", "{}", "Accept: a\x01b"), false},
	"a value that is no text": {post("/run", "{}", "Accept: \xff"), false},
	"bare line feeds":         {"POST /run HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}", false},
	"a bare line feed":        {"POST /run HTTP/1.1\r\nHost: x\r\nContent-Length: 2\n\r\n{}", false},
	"no HTTP":                 {"SSH-2.0-OpenSSH_9.9\r\n\r\n", false},
	"a blank line before":     {"\r\n" + post("/run", "{}"), false},
	"a TLS hello":             {"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", false},
}

// Handlers see what they would see with net/http, and so do callers.
func TestServer_ReadsRequestsAsNetHTTPDoes(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		_, ours := by.start(t, describe)
		theirs := by.netHTTP(t, describe)
		for name, c := range requests {
			t.Run(name, func(t *testing.T) {
				got, want := by.call(t, ours), by.call(t, theirs)
				go func() { _, _ = got.Write([]byte(c.text)) }() // it may be refused before its end
				go func() { _, _ = want.Write([]byte(c.text)) }()
				a, body := got.answer()
				b, wanted := want.answer()
				assert.Equal(t, b.StatusCode, a.StatusCode)
				assert.Equal(t, wanted, body)
				assert.Equal(t, b.Close, a.Close)
				if a.StatusCode == http.StatusOK {
					assert.Equal(t, fmt.Sprint(c.here), a.Header.Get("X-Here"))
				}
				assertSameHeader(t, b, a)
			})
		}
	})
}

// A connection may carry anything after anything.
func TestServer_OneConnectionForAll(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		_, addr := by.start(t, describe)
		c := by.call(t, addr)
		for n, want := range []string{"true", "true", "false", "false"} {
			if n == 2 {
				c.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
			} else {
				c.send(post("/run", fmt.Sprint("body ", n)))
			}
			resp, body := c.answer()
			assert.Equal(t, want, resp.Header.Get("X-Here"), n)
			if n != 2 {
				assert.Contains(t, body, fmt.Sprintf(`"body %d"`, n))
			}
		}
	})
}

func TestServer_RequestsMayComeTogetherAndInPieces(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		_, addr := by.start(t, describe)
		text := post("/run", "one") + post("/run", "two") + "GET /three HTTP/1.1\r\nHost: x\r\n\r\n" + post("/run", "four")
		for _, size := range []int{1, 7, 50, len(text)} {
			c := by.call(t, addr)
			go func() {
				for rest := text; rest != ""; {
					n := min(size, len(rest))
					_, _ = c.Write([]byte(rest[:n]))
					rest = rest[n:]
				}
			}()
			for _, want := range []string{`"one"`, `"two"`, "GET /three", `"four"`} {
				_, body := c.answer()
				assert.Contains(t, body, want, "in pieces of %d", size)
			}
		}
	})
}

// What the package takes for simple, net/http reads the same way.
func FuzzParse(f *testing.F) {
	for _, c := range requests {
		if len(c.text) < 1000 {
			f.Add(c.text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := strings.Index(text, "\r\n\r\n")
		if end < 0 {
			return
		}
		path, host, length, header, simple := httpserver.Parse(text[:end+4])
		if !simple {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text[:end+4])))
		require.NoError(t, err)
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, r.URL.Path, path)
		assert.Equal(t, r.RequestURI, path)
		assert.Empty(t, r.URL.RawQuery)
		assert.Equal(t, r.Host, host)
		assert.Equal(t, r.ContentLength, length)
		assert.Empty(t, r.TransferEncoding)
		assert.False(t, r.Close)
		assert.Equal(t, r.Header, header)
	})
}

// Whatever a connection carries, callers get the answers that net/http gives.
func FuzzServer(f *testing.F) {
	for _, c := range requests {
		if len(c.text) < 1000 {
			f.Add(c.text, false)
			f.Add(c.text+post("/next", "{}")+c.text, true)
		}
	}
	plain, secure := compared(f, way{}), compared(f, overTLS())
	f.Fuzz(func(t *testing.T, text string, overTLS bool) {
		if overTLS {
			secure(t, text)
		} else {
			plain(t, text)
		}
	})
}

// compared sends the same to this server and to net/http's.
func compared(f *testing.F, by way) func(t *testing.T, text string) {
	_, ours := by.start(f, describe)
	theirs := by.netHTTP(f, describe)
	return func(t *testing.T, text string) {
		assert.Equal(t, by.call(t, theirs).answers(text), by.call(t, ours).answers(text))
	}
}

// answers returns all that comes for a text after which nothing is sent. That a request
// is none is not always said: half of one ends with its connection.
func (c *caller) answers(text string) (all []string) {
	go func() {
		_, _ = io.WriteString(c, text)
		_ = c.Conn.(interface{ CloseWrite() error }).CloseWrite()
	}()
	for {
		resp, err := http.ReadResponse(c.in, nil)
		if err != nil || resp.StatusCode == http.StatusBadRequest {
			return all
		}
		body, err := io.ReadAll(resp.Body)
		all = append(all, fmt.Sprint(resp.StatusCode, string(body), err))
	}
}
