package webproc_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/webproc"
)

// seen is a request as the function got it.
type seen struct {
	method, uri, body string
	header            http.Header
}

// recorder returns a client whose server keeps the last request.
func recorder(t *testing.T, path string) (*webproc.Client, *seen) {
	c, last := newClient(t, webproc.Endpoint{Run: path}), &seen{}
	serve(t, c, "127.0.0.1", func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Empty(t, r.TransferEncoding, "small servers cannot read chunks")
		*last = seen{r.Method, r.RequestURI, string(body), r.Header}
	})
	return c, last
}

func TestRun_PostsTheValueAsItCame(t *testing.T) {
	for path, bodies := range map[string]map[string]string{
		"/": {
			`{"value":{"n":12345678901234567890.10,"s":"❄\u2603", "a":[1, 2]}}`: `{"n":12345678901234567890.10,"s":"❄\u2603", "a":[1, 2]}`,
			`{"value":[1e400,{}]}`:               `[1e400,{}]`,
			`{"value":"text"}`:                   `"text"`,
			`{"value":null}`:                     `null`,
			`{"value":1,"value":2}`:              `2`,
			`{}`:                                 `{}`,
			`null`:                               `{}`,
			`{"value":{"__ow_method":null}}`:     `{"__ow_method":null}`,
			`{"value":{"a":"__ow_method"}}`:      `{"a":"__ow_method"}`,
			`{"value":{"\u005f_ow_methods":""}}`: `{"\u005f_ow_methods":""}`,
		},
		"/v1/chat?stream=0": {`{"value":{}}`: `{}`},
	} {
		c, last := recorder(t, path)
		for line, want := range bodies {
			_, err := run(t, c, line)
			require.NoError(t, err)
			assert.Equal(t, want, last.body)
			assert.Equal(t, "POST "+path, last.method+" "+last.uri)
			assert.Equal(t, "application/json", last.header.Get("Content-Type"))
		}
	}
}

func TestRun_ContextGoesInHeaders(t *testing.T) {
	c, last := recorder(t, "/")
	_, err := run(t, c, `{"value":{},"activation_id":"a1","transaction_id":"t1","action_name":"/guest/h","action_version":"0.0.1",
		"namespace":"gu\u00e9st","deadline":"1700000000000","api_key":"SECRET","other":"x","bad":"a"}`)
	require.NoError(t, err)
	for name, want := range map[string]string{
		"Activation-Id": "a1", "Transaction-Id": "t1", "Action-Name": "/guest/h", "Action-Version": "0.0.1", "Namespace": "guést", "Deadline": "1700000000000",
	} {
		assert.Equal(t, want, last.header.Get("X-OpenWhisk-"+name), name)
	}
	for name, values := range last.header {
		assert.NotContains(t, values, "SECRET", name)
	}
	_, err = run(t, c, `{"value":{},"activation_id":"a\r\nX-Evil: 1","namespace":null,"deadline":17}`)
	require.NoError(t, err)
	assert.Empty(t, last.header.Values("X-OpenWhisk-Activation-Id"), "what no header can hold is left out")
	assert.Empty(t, last.header.Values("X-Evil"))
	assert.Empty(t, last.header.Values("X-OpenWhisk-Namespace"))
	assert.Equal(t, "17", last.header.Get("X-OpenWhisk-Deadline"))
}

func TestRun_ItsTraceGoesInHeaders(t *testing.T) {
	c, last := recorder(t, "/")
	const callers = `{"value":{"__ow_method":"get","__ow_path":"/","__ow_query":"","__ow_headers":{"traceparent":"callers","tracestate":"callers"}}`
	for rest, want := range map[string][2]string{
		`}`:                      {"callers", "callers"},
		`,"traceparent":"00-1"}`: {"00-1", ""},
		`,"traceparent":"00-1","tracestate":"a=\"b\""}`: {"00-1", `a="b"`},
	} {
		_, err := run(t, c, callers+rest)
		require.NoError(t, err)
		assert.Equal(t, want, [2]string{last.header.Get("Traceparent"), last.header.Get("Tracestate")}, rest)
	}
	_, err := run(t, c, `{"value":{},"traceparent":"00-1"}`)
	require.NoError(t, err)
	assert.Equal(t, "00-1", last.header.Get("Traceparent"))
}

func TestRun_WebActionsRequest(t *testing.T) {
	png := base64.StdEncoding.EncodeToString([]byte("\x89PNG\x00"))
	for _, c := range []struct{ name, value, request, body string }{
		{"raw get", `{"__ow_method":"get","__ow_path":"/a/b","__ow_query":"x=1&y=%20","__ow_headers":{},"__ow_body":{}}`, "GET /a/b?x=1&y=%20", ""},
		{"no path", `{"__ow_method":"head","__ow_path":"","__ow_query":""}`, "HEAD /", ""},
		{"unclean path", `{"__ow_method":"get","__ow_path":"/a/../../b//c/./","__ow_query":""}`, "GET /b/c/", ""},
		{"escaped path", `{"__ow_method":"get","__ow_path":"/a%2Fb/%C3%A9 é","__ow_query":""}`, "GET /a%2Fb/%C3%A9%20%C3%A9", ""},
		{"hidden dots", `{"__ow_method":"get","__ow_path":"/a/%2e%2e/%2e%2e/b","__ow_query":""}`, "GET /b", ""},
		{"another host", `{"__ow_method":"get","__ow_path":"//evil.example/x","__ow_query":""}`, "GET /evil.example/x", ""},
		{"broken escape", `{"__ow_method":"get","__ow_path":"/100%","__ow_query":"?a b#c\r\nX: 1"}`, "GET /100%25?a%20b%23c%0D%0AX:%201", ""},
		{"question mark", `{"__ow_method":"get","__ow_path":"/a?b#c","__ow_query":"d?e"}`, "GET /a%3Fb%23c?d?e", ""},
		{"text", `{"__ow_method":"post","__ow_path":"/","__ow_query":"","__ow_headers":{"content-type":"text/plain"},"__ow_body":"aGk="}`, "POST /", "aGk="},
		{"form", `{"__ow_method":"post","__ow_path":"/","__ow_query":"","__ow_headers":{"content-type":"application/x-www-form-urlencoded"},"__ow_body":"a=1"}`, "POST /", "a=1"},
		{"binary", `{"__ow_method":"put","__ow_path":"/","__ow_query":"","__ow_headers":{"content-type":"image/png"},"__ow_body":"` + png + `"}`, "PUT /", "\x89PNG\x00"},
		{"not base64", `{"__ow_method":"put","__ow_path":"/","__ow_query":"","__ow_headers":{"content-type":"image/png"},"__ow_body":"no base64!"}`, "PUT /", "no base64!"},
		{"json in base64", `{"__ow_method":"post","__ow_path":"/","__ow_query":"","__ow_headers":{"content-type":"application/json"},"__ow_body":"eyJhIjoxfQ=="}`, "POST /", `{"a":1}`},
		{"json as text", `{"__ow_method":"post","__ow_path":"/","__ow_query":"","__ow_headers":{"content-type":"application/json"},"__ow_body":"1234"}`, "POST /", `1234`},
		{"json as it is", `{"__ow_method":"post","__ow_path":"/","__ow_headers":{"content-type":"application/json"},"__ow_body":[1.50, 2],"q":"1"}`, "POST /?q=1", `[1.50, 2]`},
		{"empty post", `{"__ow_method":"post","__ow_path":"/","__ow_query":"","__ow_body":""}`, "POST /", ""},
		{"mixed get", `{"__ow_method":"get","__ow_path":"/","name":"A da","n":1.0}`, "GET /?n=1.0&name=A+da", ""},
		{"mixed post", `{"__ow_method":"post","__ow_path":"/","__ow_headers":{"content-type":"application/x-www-form-urlencoded"},"n":1.0,"s":"\u2603"}`, "POST /", `{"n":1.0,"s":"\u2603"}`},
		{"mixed empty", `{"__ow_method":"delete","__ow_path":"/x"}`, "DELETE /x", ""},
		{"bound parameters stay out of raw ones", `{"__ow_method":"post","__ow_path":"/","__ow_query":"","__ow_headers":{"content-type":"text/plain"},"__ow_body":"b","secret":"x"}`, "POST /", "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, last := recorder(t, "/main")
			_, err := run(t, client, `{"value":`+c.value+`,"activation_id":"a1"}`)
			require.NoError(t, err)
			assert.Equal(t, c.request, last.method+" "+last.uri)
			assert.Equal(t, c.body, last.body)
			assert.Equal(t, "a1", last.header.Get("X-OpenWhisk-Activation-Id"))
		})
	}
}

func TestRun_WebActionsHeadersAreChosen(t *testing.T) {
	c, last := recorder(t, "/")
	_, err := run(t, c, `{"value":{"__ow_method":"get","__ow_path":"/","__ow_query":"","__ow_headers":{
		"cookie":"a=1","authorization":"Bearer x","accept":"text/html","n":1,"user-agent":"curl",
		"connection":"close, X-Hop","x-hop":"1","transfer-encoding":"chunked","content-length":"5","host":"evil","upgrade":"h2c","expect":"100-continue",
		"accept-encoding":"br","idempotency-key":"1","x-openwhisk-namespace":"evil","x_openwhisk_namespace":"evil","bad name":"1","evil":"a\r\nb: c","":"x"}},"namespace":"guest"}`)
	require.NoError(t, err)
	assert.Equal(t, http.Header{
		"Cookie": {"a=1"}, "Authorization": {"Bearer x"}, "Accept": {"text/html"}, "N": {"1"}, "User-Agent": {"whiskaway"}, "X-Openwhisk-Namespace": {"guest"},
	}, last.header)
}

func TestRun_WebActionsMethodMustBeOne(t *testing.T) {
	c, last := recorder(t, "/")
	for _, method := range []string{"connect", "trace", "", "get / HTTP/1.1\\r\\nX: 1"} {
		result, err := run(t, c, `{"value":{"__ow_method":"`+method+`"}}`)
		require.NoError(t, err)
		assert.Contains(t, result, `{"error":"The action's web server cannot be sent this: __ow_method`)
	}
	assert.Empty(t, last.method, "the function saw nothing")
}
