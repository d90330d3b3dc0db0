package allowlist_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode/internal/allowlist"
)

// target returns the server that main names under a list, and whether its address
// is checked when it is connected to.
func target(main, allow string) (target string, asked bool, err error) {
	list, err := allowlist.Parse(strings.Split(allow, ","))
	if err != nil {
		return "", false, err
	}
	target, guard, _, err := list.Target(main)
	return target, guard != nil, err
}

// guard returns the guard of a name under a list.
func guard(t *testing.T, allow string) allowlist.Guard {
	t.Helper()
	list, err := allowlist.Parse(strings.Split(allow, ","))
	require.NoError(t, err)
	_, guard, _, err := list.Target("main@gpu.example")
	require.NoError(t, err)
	return guard
}

func TestAllow_Targets(t *testing.T) {
	for _, c := range []struct {
		main, allow string
		target      string // empty: refused
		asked       bool   // at the time of connecting
	}{
		{"main@gpu.example", "gpu.example", "https://gpu.example", false},
		{"main@gpu.example:9000", "gpu.example", "https://gpu.example:9000", false},
		{"main@http://gpu.example:9000", "gpu.example:9000", "http://gpu.example:9000", false},
		{"main@https://GPU.Example", " gpu.EXAMPLE ", "https://GPU.Example", false},
		{"main@gpu.example", "gpu.example:443", "https://gpu.example", false},
		{"main@http://gpu.example/", "gpu.example:80", "http://gpu.example", false},
		{"@gpu.example", "gpu.example", "https://gpu.example", false},
		{"main@[fd00::1]:9000", "[fd00::1]:9000", "https://[fd00::1]:9000", false},
		{"main@10.1.2.3", "10.0.0.0/8", "https://10.1.2.3", true},
		{"main@gpu.example", "10.0.0.0/8", "https://gpu.example", true},
		{"main@0x7f.1", "10.0.0.0/8", "https://0x7f.1", true},
		{"main@2130706433", "10.0.0.0/8", "https://2130706433", true},
		{"main@[fe80::1%25eth0]", "fe80::/10", "https://[fe80::1%25eth0]", true},

		{"main@gpu.example", "", "", false},
		{"main@gpu.example:9000", "gpu.example:443", "", false},
		{"main@http://gpu.example", "gpu.example:443", "", false},
		{"main@gpu.example.", "gpu.example", "", false},
		{"main@evil.gpu.example", "gpu.example", "", false},
		{"main@gpu.example.evil", "gpu.example", "", false},
		{"main@gpu.example@evil", "gpu.example", "", false},
		{"main@https://gpu.example:x@evil", "gpu.example", "", false},
		{"main@gpu.example/v1", "gpu.example", "", false},
		{"main@gpu.example?a", "gpu.example", "", false},
		{"main@gpu.example#a", "gpu.example", "", false},
		{"main@unix:///run/docker.sock", "gpu.example", "", false},
		{"main@file://gpu.example", "gpu.example", "", false},
		{"main@gpu.example:port", "gpu.example", "", false},
		{"main@gpu.example\\evil", "gpu.example", "", false},
		{"main@gpu.example evil", "gpu.example", "", false},
		{"main@", "gpu.example", "", false},
		{"main@:9000", "10.0.0.0/8", "", false},
		{"main@127.0.0.1", "10.0.0.1:443", "", false},
	} {
		server, asked, err := target(c.main, c.allow)
		assert.Equal(t, c.target, server, "%s allowed %s", c.main, c.allow)
		assert.Equal(t, c.asked, asked, "%s allowed %s", c.main, c.allow)
		assert.Equal(t, c.target == "", err != nil, "%s allowed %s: %v", c.main, c.allow, err)
	}
	server, _, err := target("main", "")
	assert.NoError(t, err)
	assert.Empty(t, server, "names none")
}

func TestAllow_AddressesAreComparedWhenConnecting(t *testing.T) {
	for _, c := range []struct {
		allow, address string
		allowed        bool
	}{
		{"10.0.0.0/8", "10.255.0.1:443", true},
		{"10.0.0.0/8", "[::ffff:10.0.0.1]:443", true},
		{"10.1.2.3/8", "10.9.9.9:1", true},
		{"::ffff:10.0.0.1", "10.0.0.1:443", true},
		{"fe80::/10", "[fe80::1%eth0]:443", true},
		{"127.0.0.1", "127.0.0.1:1", true},
		{"127.0.0.1", "127.0.0.2:1", false},
		{"10.0.0.0/8", "11.0.0.1:443", false},
		{"10.0.0.0/8", "169.254.169.254:80", false},
		{"10.0.0.0/8", "[::1]:443", false},
		{"10.0.0.0/8", "10.0.0.1", false},
		{"10.0.0.0/8", "gpu.example:443", false},
	} {
		assert.Equal(t, c.allowed, guard(t, c.allow)(c.address) == nil, "%s on %s", c.address, c.allow)
	}
}

// Whatever main says, a target that is allowed has the host that is allowed,
// as a URL parser other than the one deciding sees it in the result.
func FuzzAllow_Target(f *testing.F) {
	for _, main := range []string{"main@gpu.example", "@http://gpu.example:9000", "m@https://gpu.example@evil", "a@gpu.example:443/../x", "m@[::1]", "m@gpu.example\\@evil", "m@http:gpu.example", "m@GPU.example%2eevil"} {
		f.Add(main)
	}
	f.Fuzz(func(t *testing.T, main string) {
		server, asked, err := target(main, "gpu.example")
		if err != nil || server == "" {
			return
		}
		if asked {
			t.Fatalf("%q: no network is allowed, so there is nothing to ask", main)
		}
		u, err := url.Parse(server)
		if err != nil || !strings.EqualFold(u.Hostname(), "gpu.example") || u.Path != "" || u.User != nil {
			t.Fatalf("%q leads to %q", main, server)
		}
	})
}
