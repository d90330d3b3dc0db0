package clientmode_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/whiskaway/whiskaway/clientmode"
)

// Whatever main says, a target that is allowed has the host that is allowed,
// as a URL parser other than the one deciding sees it in the result.
func FuzzAllow_Target(f *testing.F) {
	for _, main := range []string{"main@gpu.example", "@http://gpu.example:9000", "m@https://gpu.example@evil", "a@gpu.example:443/../x", "m@[::1]", "m@gpu.example\\@evil", "m@http:gpu.example", "m@GPU.example%2eevil"} {
		f.Add(main)
	}
	f.Fuzz(func(t *testing.T, main string) {
		target, asked, err := clientmode.Target(main, "gpu.example")
		if err != nil || target == "" {
			return
		}
		if asked {
			t.Fatalf("%q: no network is allowed, so there is nothing to ask", main)
		}
		u, err := url.Parse(target)
		if err != nil || !strings.EqualFold(u.Hostname(), "gpu.example") || u.Path != "" || u.User != nil {
			t.Fatalf("%q leads to %q", main, target)
		}
	})
}
