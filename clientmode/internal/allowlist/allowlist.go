// Package allowlist decides which servers an action's author may name as
// main@url. The operator's list has names, addresses and networks. Addresses
// are checked when a connection is made, so that a name cannot be pointed
// elsewhere in between.
package allowlist

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/whiskaway/whiskaway/internal/upstream"
)

// List is the operator's list. A name is compared as written. An address or a
// network is compared with the address that is connected to, at that moment, so
// that a name cannot be pointed elsewhere in between.
type List struct {
	names    map[string]bool // host or host:port
	networks []netip.Prefix
}

// Parse reads hosts, host:ports, IPs and CIDRs.
func Parse(entries []string) (*List, error) {
	a := &List{names: map[string]bool{}}
	for _, entry := range entries {
		entry = strings.ToLower(strings.TrimSpace(entry))
		if entry == "" {
			continue
		}
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			a.networks = append(a.networks, prefix.Masked())
		} else if ip, err := netip.ParseAddr(entry); err == nil {
			ip = ip.Unmap()
			a.networks = append(a.networks, netip.PrefixFrom(ip, ip.BitLen()))
		} else if strings.ContainsAny(entry, "/@ ") {
			return nil, fmt.Errorf("--upstream-allow: %.60q is no host, host:port, IP or CIDR", entry)
		} else {
			a.names[entry] = true
		}
	}
	return a, nil
}

// Guard returns an error for an address that may not be connected to.
type Guard func(address string) error

// Target returns the server that main names, empty if it names none. The guard,
// unless nil, must be asked before connecting. Only a server that the operator
// listed with its port is trusted with the operator's token: on any other port
// of that host, a function may be listening.
func (a *List) Target(main string) (target string, guard Guard, trusted bool, err error) {
	_, rest, named := strings.Cut(main, "@")
	if !named {
		return "", nil, false, nil
	}
	u, err := upstream.ParseTarget(rest, "https")
	if err != nil {
		return "", nil, false, fmt.Errorf("the action's main must be NAME@http://HOST:PORT or NAME@https://HOST:PORT: %w", err)
	}
	host := strings.ToLower(u.Hostname())
	if trusted = a.names[net.JoinHostPort(host, port(u))]; trusted || a.names[host] {
		return u.String(), nil, trusted, nil
	}
	if len(a.networks) == 0 {
		return "", nil, false, &RefusedError{name: u.Host}
	}
	return u.String(), a.within(u.Host), false, nil
}

// within returns a guard that wants an address in one of the networks.
func (a *List) within(name string) Guard {
	return func(address string) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return err
		}
		for _, network := range a.networks {
			if network.Contains(ip.Unmap().WithZone("")) {
				return nil
			}
		}
		return &RefusedError{name, host}
	}
}

// port returns a URL's port, or its scheme's.
func port(u *url.URL) string {
	if u.Scheme == "http" {
		return cmp.Or(u.Port(), "80")
	}
	return cmp.Or(u.Port(), "443")
}

// RefusedError reports a server that is not on the list. It is permanent.
type RefusedError struct {
	name    string // as the action writes it
	address string // that it leads to, if it was looked up
}

func (h *RefusedError) Error() string {
	if h.address == "" {
		return h.Public()
	}
	return h.Public() + ": it leads to " + h.address
}

// public leaves out the address: names may lead to what only the operator knows.
func (h *RefusedError) Public() string {
	return fmt.Sprintf("the action's main names the server %s, which is not on the operator's list (--upstream-allow)", h.name)
}
