package loadbalancer_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/tunnel"
	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// dig has a fake serve through a tunnel, until fill is called.
func (r *rig) dig(s *fake, token string) (fill func()) {
	r.t.Helper()
	l := tunnel.Listen(tunnel.Config{
		Balancer: &url.URL{Scheme: "http", Host: r.Addr()}, Incarnation: s.id, FirstPause: time.Millisecond,
		Token: func() (string, error) { return token, nil },
	})
	served := async(func() error { return http.Serve(l, s.Config.Handler) })
	return func() {
		l.End()
		wait(r.t, served)
	}
}

// A server that is well is not ejected for want of its tunnel: it has no runs
// while it has none, and has them again with the next one.
func TestTunnel_AServerIsInWhileItHasOne(t *testing.T) {
	const token = "invited-servers-only"
	s := newFake(t)
	r := newRig(t, loadbalancer.Config{JoinTokenFile: invitation(t)})
	self := runtimespec.Registration{Name: "behind-nat:9000", Tunnel: true, Incarnation: s.id}
	require.Equal(t, http.StatusOK, r.join(token, self).status)
	f := newTarget(small)
	for range 2 {
		r.eventually(func() bool {
			all := r.servers()
			return len(all) == 1 && all[0].State == "draining" && strings.Contains(all[0].Problem, "no tunnel")
		})
		fill := r.dig(s, token)
		r.identified(1)
		r.mustInit(f)
		assert.Equal(t, s.id, r.mustRun(f).header.Get(runtimespec.HeaderServer))
		fill()
	}
}

// People name a server that cannot be dialled as the list of servers does, or by
// its host.
func TestTunnel_AServerIsDrainedByItsName(t *testing.T) {
	s := newFake(t)
	r := newRig(t, loadbalancer.Config{JoinTokenFile: invitation(t)})
	self := runtimespec.Registration{Name: "Behind-NAT:9000", Tunnel: true, Incarnation: s.id}
	require.Equal(t, http.StatusOK, r.join("invited-servers-only", self).status)
	defer r.dig(s, "invited-servers-only")()
	r.identified(1)
	assert.Equal(t, self.Name, r.servers()[0].Server)
	assert.True(t, r.servers()[0].Tunnel)
	for _, name := range []string{"Behind-NAT:9000", "behind-nat"} {
		a := r.tell(name, "drain")
		require.Equal(t, http.StatusOK, a.status, a.body)
		assert.Equal(t, "draining", r.servers()[0].State)
		require.Equal(t, http.StatusOK, r.tell(name, "return").status)
		r.identified(1)
	}
	assert.Equal(t, http.StatusNotFound, r.tell(s.id, "drain").status, "its incarnation is no name")
}
