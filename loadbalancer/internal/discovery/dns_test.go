package discovery_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
)

// nameserver answers on loopback with what the test has set.
type nameserver struct {
	conn net.PacketConn

	mu      sync.Mutex // guards what follows
	code    dnsmessage.RCode
	records map[dnsmessage.Type][]dnsmessage.ResourceBody
	silent  bool
}

func newNameserver(t *testing.T) *nameserver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &nameserver{conn: conn}
	ended := make(chan struct{})
	go func() { defer close(ended); n.serve() }()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return n
}

func (n *nameserver) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "udp", n.conn.LocalAddr().String())
		if err == nil { // or a look-up that nobody waits for would outlast its test
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}}
}

func (n *nameserver) set(code dnsmessage.RCode, records map[dnsmessage.Type][]dnsmessage.ResourceBody) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.code, n.records = code, records
}

func (n *nameserver) serve() {
	buf := make([]byte, 1500)
	for {
		size, from, err := n.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:size]) != nil || len(m.Questions) == 0 {
			continue
		}
		if answer, err := n.answer(m.ID, m.Questions[0]); err == nil && answer != nil {
			_, _ = n.conn.WriteTo(answer, from)
		}
	}
}

func (n *nameserver) answer(id uint16, q dnsmessage.Question) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.silent {
		return nil, nil
	}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, Response: true, RecursionAvailable: true, RCode: n.code},
		Questions: []dnsmessage.Question{q},
	}
	for _, body := range n.records[q.Type] {
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 3600}, Body: body})
	}
	return m.Pack()
}

func a(last byte) dnsmessage.ResourceBody {
	return &dnsmessage.AResource{A: [4]byte{10, 0, 0, last}}
}

func addresses(last ...byte) map[dnsmessage.Type][]dnsmessage.ResourceBody {
	all := map[dnsmessage.Type][]dnsmessage.ResourceBody{}
	for _, n := range last {
		all[dnsmessage.TypeA] = append(all[dnsmessage.TypeA], a(n))
	}
	return all
}

func TestDNS_FollowsTheAddressesOfAName(t *testing.T) {
	n := newNameserver(t)
	n.set(dnsmessage.RCodeSuccess, addresses(3, 2, 3))
	w := watch(t, discovery.DNS{Name: "tasks.gpu.test", Port: "9000", Scheme: "http", Resolver: n.resolver(), Every: time.Millisecond})
	assert.Equal(t, []string{"http://10.0.0.2:9000", "http://10.0.0.3:9000"}, w.urls())
	n.set(dnsmessage.RCodeSuccess, addresses(3, 4)) // whatever the first answer's TTL was
	assert.Equal(t, []string{"http://10.0.0.3:9000", "http://10.0.0.4:9000"}, w.urls())
	more := addresses(3)
	more[dnsmessage.TypeAAAA] = []dnsmessage.ResourceBody{&dnsmessage.AAAAResource{AAAA: [16]byte{0: 0xfd, 15: 1}}}
	n.set(dnsmessage.RCodeSuccess, more)
	u := w.next()
	for len(u.Servers) != 2 || u.Servers[1].URL != "http://[fd00::1]:9000" { // its two questions may have met two answers
		u = w.next()
	}
	assert.Equal(t, []string{"http://10.0.0.3:9000", "http://[fd00::1]:9000"}, urls(u))
}

func TestDNS_OverHTTPSTheNameIsInTheCertificate(t *testing.T) {
	n := newNameserver(t)
	n.set(dnsmessage.RCodeSuccess, addresses(2))
	w := watch(t, discovery.DNS{Name: "gpu.test", Port: "9000", Scheme: "https", Resolver: n.resolver()})
	assert.Equal(t, []discovery.Server{{Name: "https://10.0.0.2:9000", URL: "https://10.0.0.2:9000", TLSName: "gpu.test"}}, w.next().Servers)
}

func TestSRV_FollowsTheRecordsOfAName(t *testing.T) {
	n := newNameserver(t)
	srv := func(target string, port uint16) dnsmessage.ResourceBody {
		return &dnsmessage.SRVResource{Target: dnsmessage.MustNewName(target), Port: port, Priority: port, Weight: 1}
	}
	n.set(dnsmessage.RCodeSuccess, map[dnsmessage.Type][]dnsmessage.ResourceBody{dnsmessage.TypeSRV: {srv("GPU-2.test.", 9000), srv("gpu-1.test.", 9001)}})
	w := watch(t, discovery.SRV{Name: "_whiskaway._tcp.gpu.test", Scheme: "http", Resolver: n.resolver(), Every: time.Millisecond})
	assert.Equal(t, []string{"http://gpu-1.test:9001", "http://gpu-2.test:9000"}, w.urls())
	n.set(dnsmessage.RCodeSuccess, map[dnsmessage.Type][]dnsmessage.ResourceBody{dnsmessage.TypeSRV: {srv(".", 1)}})
	u := w.next()
	assert.Empty(t, u.Servers, "a domain that says it has none")
}

// Who cannot be asked has not said that there is nobody.
func TestDNS_WhatCannotBeResolvedStays(t *testing.T) {
	n := newNameserver(t)
	n.set(dnsmessage.RCodeSuccess, addresses(2, 3))
	w := watch(t, discovery.DNS{Name: "gpu.test", Port: "9000", Scheme: "http", Resolver: n.resolver(), Every: time.Millisecond})
	both := []string{"http://10.0.0.2:9000", "http://10.0.0.3:9000"}
	assert.Equal(t, both, w.urls())

	n.set(dnsmessage.RCodeServerFailure, nil)
	u := w.next()
	assert.Equal(t, both, urls(u))
	assert.ErrorContains(t, u.Err, "the last servers stay")
	n.set(dnsmessage.RCodeSuccess, addresses(2, 3))
	assert.Equal(t, both, w.urls())

	n.set(dnsmessage.RCodeNameError, nil)
	u = w.next()
	assert.NotNil(t, u.Servers)
	assert.Empty(t, u.Servers, "the name is gone: so are its servers")
	assert.ErrorContains(t, u.Err, "there is no such name")
	n.set(dnsmessage.RCodeSuccess, addresses(2, 3))
	assert.Equal(t, both, w.urls())
}

func TestDNS_WhoDoesNotAnswerChangesNothing(t *testing.T) {
	n := newNameserver(t)
	n.set(dnsmessage.RCodeSuccess, addresses(2))
	w := watch(t, discovery.DNS{Name: "gpu.test", Port: "9000", Scheme: "http", Resolver: n.resolver(), Every: time.Millisecond, Patience: 20 * time.Millisecond})
	assert.Equal(t, []string{"http://10.0.0.2:9000"}, w.urls())
	n.mu.Lock()
	n.silent = true
	n.mu.Unlock()
	u := w.next()
	assert.Equal(t, []string{"http://10.0.0.2:9000"}, urls(u))
	assert.ErrorContains(t, u.Err, "the last servers stay")
}
