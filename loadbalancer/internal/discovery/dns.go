package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	askEvery    = 3 * time.Second // names in clusters change within seconds, whatever their TTL
	askPatience = 2 * time.Second
)

// DNS is a server at each address of a name: a headless service's, a Swarm
// service's tasks.NAME. A name that does not exist has no servers; where that
// cannot be found out, the last ones stay.
type DNS struct {
	Name, Port string
	Scheme     string        // http or https
	Resolver   *net.Resolver // nil: the host's
	Every      time.Duration // [3s]
	Patience   time.Duration // with the resolver [2s]
}

// Watch resolves the name again and again.
func (d DNS) Watch(ctx context.Context, each func(Update)) {
	poll(ctx, cmp.Or(d.Every, askEvery), each, func() ([]Server, error) { return d.ask(ctx) })
}

func (d DNS) String() string { return "dns://" + net.JoinHostPort(d.Name, d.Port) }

func (d DNS) ask(ctx context.Context) ([]Server, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(d.Patience, askPatience))
	defer cancel()
	addresses, err := resolver(d.Resolver).LookupNetIP(ctx, "ip", d.Name)
	if err != nil {
		return unknown(d, err)
	}
	servers := make([]Server, 0, len(addresses))
	for _, address := range addresses {
		s := Server{URL: d.Scheme + "://" + net.JoinHostPort(spellIP(address), d.Port)}
		if s.Name = s.URL; d.Scheme == "https" {
			s.TLSName = d.Name
		}
		servers = append(servers, s)
	}
	byName(servers)
	return slices.Compact(servers), nil
}

func spellIP(address netip.Addr) string { return address.Unmap().WithZone("").String() }

// SRV is a server at each host and port that a name's SRV records have.
// Priorities and weights are not looked at: who gets work, the policy decides.
type SRV struct {
	Name     string // whole, such as _whiskaway._tcp.example.org
	Scheme   string
	Resolver *net.Resolver
	Every    time.Duration
	Patience time.Duration
}

// Watch resolves the name again and again.
func (s SRV) Watch(ctx context.Context, each func(Update)) {
	poll(ctx, cmp.Or(s.Every, askEvery), each, func() ([]Server, error) { return s.ask(ctx) })
}

func (s SRV) String() string { return "srv://" + s.Name }

func (s SRV) ask(ctx context.Context) ([]Server, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Patience, askPatience))
	defer cancel()
	_, records, err := resolver(s.Resolver).LookupSRV(ctx, "", "", s.Name)
	if len(records) == 0 && err != nil {
		return unknown(s, err)
	}
	servers := make([]Server, 0, len(records))
	for _, record := range records {
		host := strings.ToLower(strings.TrimSuffix(record.Target, "."))
		if host == "" { // "." is how a domain says that it has no such service
			continue
		}
		url := s.Scheme + "://" + net.JoinHostPort(host, strconv.Itoa(int(record.Port)))
		servers = append(servers, Server{Name: url, URL: url})
	}
	byName(servers)
	return slices.Compact(servers), nil
}

func resolver(given *net.Resolver) *net.Resolver {
	if given == nil {
		return net.DefaultResolver
	}
	return given
}

// unknown tells a name that does not exist, which has no servers, from one that
// could not be looked up, about which nothing is known.
func unknown(source fmt.Stringer, err error) ([]Server, error) {
	var failed *net.DNSError
	if errors.As(err, &failed) && failed.IsNotFound {
		return []Server{}, fmt.Errorf("%s: there is no such name, or nothing behind it", source)
	}
	if failed != nil { // its text has the server asked and a port, which differ each time
		return nil, fmt.Errorf("%s: cannot be resolved, the last servers stay: %s", source, failed.Err)
	}
	return nil, fmt.Errorf("%s: cannot be resolved, the last servers stay: %w", source, err)
}
