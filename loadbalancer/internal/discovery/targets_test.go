package discovery_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
)

func TestParse_KnowsWhatServersMayBe(t *testing.T) {
	source, err := discovery.Parse([]string{
		"dns://gpu.example:9000", "http://A:1", "https://b:2/", "file:///etc/servers%20list", "srv://_whiskaway._tcp.example", "c:3", "dns+https://[::1]:9000/", "srv+https://x",
	})
	require.NoError(t, err)
	assert.Equal(t, "--server, dns://gpu.example:9000, file:///etc/servers list, srv://_whiskaway._tcp.example, dns://[::1]:9000, srv://x", source.String())
	source, err = discovery.Parse([]string{"http://A:1", "https://b:2/", "c:3"})
	require.NoError(t, err)
	assert.Equal(t, []string{"http://a:1", "https://b:2", "http://c:3"}, watch(t, source).urls())
}

func TestParse_SaysWhatIsWrong(t *testing.T) {
	for target, says := range map[string]string{
		"":                   "want http://HOST:PORT",
		"http://":            "want http://HOST:PORT",
		"http://a:1/x":       "and nothing else",
		"http://u:p@a:1":     "and nothing else",
		"ftp://a":            `"ftp://" is not known: want http, https, dns, srv or file`,
		"dns://a":            "want dns://NAME:PORT",
		"dns://:9000":        "want dns://NAME:PORT",
		"dns://a:9000/x":     "want dns://NAME:PORT",
		"dns://a:port":       "invalid port",
		"srv://":             "want srv://NAME",
		"srv://a:9000":       "want srv://NAME",
		"file://list":        "begins at the root",
		"file:///a%zz":       "invalid URL escape",
		"file+https:///list": "begins at the root",
	} {
		_, err := discovery.Parse([]string{target})
		assert.ErrorContains(t, err, says, target)
		assert.ErrorContains(t, err, "--server", target)
	}
	for _, twice := range [][]string{{"http://a:1", "http://A:1/"}, {"dns://a:1", "dns://a:1"}} {
		_, err := discovery.Parse(twice)
		assert.ErrorContains(t, err, "is there twice")
	}
}
