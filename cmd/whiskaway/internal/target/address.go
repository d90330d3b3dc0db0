package target

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
	"github.com/whiskaway/whiskaway/internal/upstream"
)

// Where servers, balancers and runtime containers listen unless told otherwise.
const (
	DefaultServer   = "http://127.0.0.1:9000"
	DefaultBalancer = "http://127.0.0.1:18080"
	DefaultRuntime  = "http://127.0.0.1:8080"
)

// URL returns the URL of an address given as HOST, HOST:PORT or URL. What is
// missing comes from usual, and so does an empty address. A URL without a port
// has its scheme's.
func URL(address, usual string) (string, error) {
	address = strings.TrimSpace(address)
	if address == "" {
		return usual, nil
	}
	u, err := upstream.ParseTarget(bracketed(address), "http")
	if err != nil {
		return "", fmt.Errorf("%q is no address: want HOST, HOST:PORT, http://HOST:PORT or https://HOST:PORT, and nothing behind it", output.Printable(address))
	}
	if !strings.Contains(address, "://") && u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), portOf(usual))
	}
	return u.String(), nil
}

// bracketed puts a bare IPv6 address into the brackets that a URL wants.
func bracketed(address string) string {
	if ip := net.ParseIP(address); ip != nil && ip.To4() == nil {
		return "[" + address + "]"
	}
	return address
}

func portOf(usual string) string {
	u, err := url.Parse(usual)
	if err != nil {
		return ""
	}
	return u.Port()
}
