package main

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/whiskaway/whiskaway/internal/hop"
)

// Where servers, balancers and runtime containers listen unless told otherwise.
const (
	defaultServer   = "http://127.0.0.1:9000"
	defaultBalancer = "http://127.0.0.1:18080"
	defaultRuntime  = "http://127.0.0.1:8080"
)

// serverURL is the URL of an address as people write it: HOST, HOST:PORT or a
// URL. What is left out is as in usual, which is also what nothing at all means.
// A URL without a port has its scheme's.
func serverURL(address, usual string) (string, error) {
	address = strings.TrimSpace(address)
	if address == "" {
		return usual, nil
	}
	u, err := hop.ParseTarget(bracketed(address), "http")
	if err != nil {
		return "", fmt.Errorf("%q is no address: want HOST, HOST:PORT, http://HOST:PORT or https://HOST:PORT, and nothing behind it", printable(address))
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
