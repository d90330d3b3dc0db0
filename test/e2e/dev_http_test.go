package e2e_test

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

func TestDev_TakesJSONAndForms(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	file := filepath.Join(t.TempDir(), "echo.py")
	save(t, file, "def main(args):\n    return args if isinstance(args, list) else {\"args\": args}\n")
	d := startDev(t, file)
	d.awaits("version 1 serves")
	const form, multi = "application/x-www-form-urlencoded", "multipart/form-data; boundary=XX"
	for name, c := range map[string]struct {
		query, kind, body string
		status            int
		want              string // what the answer contains
	}{
		"curl -d":            {"", form, `{"n": 9007199254740993}`, 200, `"n": 9007199254740993`},
		"json":               {"", "application/json", ` {"a": "b"}`, 200, `"a": "b"`},
		"array":              {"", "application/json", `[1, {"a": 2}]`, 200, `[1, {"a": 2}]`},
		"body before query":  {"a=query&b=query", "application/json", `{"a": "body"}`, 200, `{"a": "body", "b": "query"}`},
		"form":               {"", form, "name=Ada+L&x=%7B", 200, `{"name": "Ada L", "x": "{"}`},
		"files":              {"", multi, "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\nabc\r\n--XX--\r\n", 200, `"f": "YWJj"`},
		"nothing":            {"", "", "", 200, `{"args": {}}`},
		"array with query":   {"a=b", "application/json", `[1]`, 400, "no place beside an array"},
		"no JSON":            {"", form, `{"a":`, 400, "no JSON object or array"},
		"a number":           {"", "application/json", `7`, 400, "no JSON object or array"},
		"text":               {"", "text/plain", "hello", 400, "neither a JSON object"},
		"unfinished files":   {"", multi, "--XX\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nabc", 400, "cannot be used"},
		"more than is taken": {"", "application/json", `{"a":"` + strings.Repeat("a", 31<<20) + `"}`, 413, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := http.Post(d.url+"?"+c.query, c.kind, strings.NewReader(c.body))
			require.NoError(t, err)
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, c.status, resp.StatusCode, string(text))
			assert.Contains(t, string(text), c.want)
		})
	}
}

// A page in a browser on this host must not activate the action.
func TestDev_RefusesOtherSites(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hello.py")
	save(t, file, versioned("one"))
	d := startDev(t, file)
	d.awaits("version 1 serves")
	for name, change := range map[string]func(*http.Request){
		"rebound name": func(r *http.Request) { r.Host = "evil.example" },
		"another site": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"another path": func(r *http.Request) { r.URL.Path = "/favicon.ico" },
		"another verb": func(r *http.Request) { r.Method = http.MethodDelete },
	} {
		req, err := http.NewRequest(http.MethodPost, d.url, bytes.NewReader([]byte(`{}`)))
		require.NoError(t, err)
		change(req)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		_ = resp.Body.Close()
		assert.GreaterOrEqual(t, resp.StatusCode, 400, name)
		assert.Less(t, resp.StatusCode, 500, name)
	}
	assert.NotContains(t, d.says.String(), "run of one")
}
