package discovery_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

func list(t *testing.T, text string) (discovery.File, *watched) {
	t.Helper()
	file := discovery.File{Path: filepath.Join(t.TempDir(), "servers"), Every: time.Millisecond}
	put(t, file.Path, text)
	return file, watch(t, file)
}

func TestFile_ReadsEachForm(t *testing.T) {
	want := []discovery.Server{server("http://a:1", "http://a:1"), server("https://b:2", "gpu")}
	for name, text := range map[string]string{
		"yaml":         "# ours\n- http://A:1\n- url: https://b:2/\n  name: gpu\n",
		"yaml, named":  "servers:\n  - http://a:1\n  - {url: https://b:2, name: gpu}\n",
		"json":         `["http://a:1", {"url": "https://b:2", "name": "gpu"}]`,
		"json, named":  "{\n\t\"servers\": [\n\t\t\"http://a:1\",\n\t\t{\"url\": \"https://b:2\", \"name\": \"gpu\"}\n\t]\n}\n",
		"json in YAML": "\n\n  [ {url: 'http://a:1'}, {name: gpu, url: https://b:2} ]",
	} {
		t.Run(name, func(t *testing.T) {
			_, w := list(t, text)
			u := w.next()
			require.NoError(t, u.Err)
			assert.Equal(t, want, u.Servers)
		})
	}
	_, w := list(t, "# ours\r\n\r\nhttp://a:1\r\n  b:2 # the new one\n\n")
	assert.Equal(t, []string{"http://a:1", "http://b:2"}, w.urls())
	_, w = list(t, "[]")
	assert.Empty(t, w.urls())
}

func TestFile_SaysWhichLineIsWrong(t *testing.T) {
	for text, says := range map[string]string{
		"":                             "it lists no server",
		"\n # nothing\n":               "it lists no server",
		"http://a:1\n\nhttp://b:1/x\n": "line 3: ",
		"http://a:1\nhttp://A:1\n":     "line 2: http://a:1 is in line 1 already",
		"- http://a:1\n- http://a:1/":  "line 2: http://a:1 is in line 1 already",
		"- http://a:1\n- ftp://b":      "line 2: ",
		"- {url: a, name: x}\n- {url: b, name: x}": `line 2: the name "x" is in line 1 already`,
		"- a\n- url: b\n  weight: 3":               `line 3: "weight" is not known`,
		"- a\n- - b":                               "line 2: want a URL, or url and name",
		"- url:\n    - b":                          "line 2: url must be text",
		"- a\n- name: b":                           "line 2: ",
		"servers: a":                               "line 1: want a list",
		"servers: [a]\nmore: b":                    "line 1: want a list, or servers:",
		"[\n\"http://a:1\",\n":                     "line ",
		"- a\n b: [":                               "line ",
		strings.Repeat("# long\n", 200000):         "more than",
	} {
		_, w := list(t, text)
		u := w.next()
		assert.ErrorContains(t, u.Err, says, "%.60q", text)
		assert.Empty(t, u.Servers)
	}
}

func TestFile_TheLastGoodListStays(t *testing.T) {
	file, w := list(t, "http://a:1\nhttp://b:1\n")
	assert.Equal(t, []string{"http://a:1", "http://b:1"}, w.urls())
	for _, c := range []struct {
		breaks func()
		says   string
	}{
		{func() { put(t, file.Path, "http://a:1\nhttp://\n") }, "line 2"},
		{func() { put(t, file.Path, "") }, "it lists no server"},
		{func() { require.NoError(t, os.Remove(file.Path)) }, "no such file"},
	} {
		c.breaks()
		u := w.next()
		assert.ErrorContains(t, u.Err, c.says)
		assert.ErrorContains(t, u.Err, file.Path)
		assert.Equal(t, []string{"http://a:1", "http://b:1"}, urls(u))
		put(t, file.Path, "http://a:1\nhttp://b:1\n")
		assert.Equal(t, []string{"http://a:1", "http://b:1"}, w.urls())
	}
	put(t, file.Path, "http://b:1\n")
	assert.Equal(t, []string{"http://b:1"}, w.urls())
}

// What is being written is not taken for a list before it stays as it is.
func TestFile_HalfAFileIsNoList(t *testing.T) {
	path := filepath.Join(t.TempDir(), "servers")
	put(t, path, "http://a:1\nhttp://b:1\n")
	look := discovery.Looker(path)
	seen := func() (all []string) {
		servers, err := look()
		require.NoError(t, err)
		return urls(discovery.Update{Servers: servers})
	}
	assert.Equal(t, []string{"http://a:1", "http://b:1"}, seen())
	for _, part := range []string{"", "http://a", "http://a:1\n", "http://a:1\nhttp://b:1\nhttp"} {
		put(t, path, part)
		assert.Equal(t, []string{"http://a:1", "http://b:1"}, seen())
	}
	put(t, path, "http://a:1\nhttp://b:1\nhttp://c:1\n")
	assert.Len(t, seen(), 2)
	assert.Len(t, seen(), 3)
}
