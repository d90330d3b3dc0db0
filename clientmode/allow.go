package clientmode

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/whiskaway/whiskaway/internal/hop"
)

// allowList is the hosts that an author may name as main@url. Names are compared
// as they stand; addresses and networks with the address that is connected to,
// at that moment, so that a name cannot be pointed elsewhere in between.
type allowList struct {
	names    map[string]bool // host or host:port
	networks []netip.Prefix
}

func parseAllowList(entries []string) (*allowList, error) {
	a := &allowList{names: map[string]bool{}}
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

// target splits main into its function and the server that it names, empty if
// it names none. A guard must be asked before connecting. Only a server that the
// operator named with its port is trusted with the operator's token: on any
// other port of that host, a function may be listening.
func (a *allowList) target(main string) (target string, check guard, trusted bool, err error) {
	_, rest, named := strings.Cut(main, "@")
	if !named {
		return "", nil, false, nil
	}
	u, err := hop.ParseTarget(rest, "https")
	if err != nil {
		return "", nil, false, fmt.Errorf("the action's main must be NAME@http://HOST:PORT or NAME@https://HOST:PORT: %w", err)
	}
	host := strings.ToLower(u.Hostname())
	if trusted = a.names[net.JoinHostPort(host, port(u))]; trusted || a.names[host] {
		return u.String(), nil, trusted, nil
	}
	if len(a.networks) == 0 {
		return "", nil, false, &refusedHost{name: u.Host}
	}
	return u.String(), a.within(u.Host), false, nil
}

// within is a guard that wants the address to be in one of the networks.
func (a *allowList) within(name string) guard {
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
		return &refusedHost{name, host}
	}
}

// port is a URL's, or its scheme's.
func port(u *url.URL) string {
	if u.Scheme == "http" {
		return cmp.Or(u.Port(), "80")
	}
	return cmp.Or(u.Port(), "443")
}

// refusedHost is not retried: it will be refused again.
type refusedHost struct {
	name    string // as the action gives it
	address string // to which that leads, if it was looked up
}

func (h *refusedHost) Error() string {
	if h.address == "" {
		return h.public()
	}
	return h.public() + ": it leads to " + h.address
}

// public leaves out the address: names may lead to what only the operator knows.
func (h *refusedHost) public() string {
	return fmt.Sprintf("the action's main names the server %s, which is not on the operator's list (--upstream-allow)", h.name)
}
