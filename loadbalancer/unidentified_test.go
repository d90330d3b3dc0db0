package loadbalancer_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// unfit is what a server answers to a probe that runs what it has, and wants
// nothing new.
func unfit(_ *fake, w http.ResponseWriter, _ request) {
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `{"ready":false,"reason":"the state folder has no room","changes":1}`)
}

// Where there is no other, who is not well is asked all the same: it may be that
// it can.
func TestUnmet_TheOnlyServerIsUsedThoughItIsNotWell(t *testing.T) {
	s, f := newFake(t), newTarget(small)
	s.on(runtimespec.PathFunctions, functions(fmt.Sprintf(`{"function":%q,"tenant":"default","name":"a","state":"ready"}`, f.spec.Identity())))
	s.on(runtimespec.PathReady, unfit)
	r := newRig(t, loadbalancer.Config{Servers: []string{s.URL}})
	assert.Contains(t, r.problem(0, "unidentified"), "has no room")
	r.mustRun(f)
	s.on(runtimespec.PathReady, ready)
	r.identified(1)
	s.on(runtimespec.PathReady, unfit)
	assert.Contains(t, r.problem(0, "ejected"), "has no room", "as others that fail: it was well")
}

// A process that is not well gets nothing, also when it is another than before,
// and has its part as soon as it is.
func TestUnmet_AnotherProcessIsInWhenItIsWell(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s, newFake(t))
	s.on(runtimespec.PathReady, reset)
	r.problem(0, "ejected")
	s.on(runtimespec.PathReady, unfit)
	id := s.restart()
	r.eventually(func() bool { return r.servers()[0].ID == id })
	checks := func(n int) {
		checked := s.count(runtimespec.PathReady)
		r.eventually(func() bool { return s.count(runtimespec.PathReady) > checked+n })
	}
	checks(5)
	assert.Equal(t, "unidentified", r.servers()[0].State)
	s.on(runtimespec.PathReady, ready)
	checks(2) // the first may have been under way
	assert.Equal(t, 2, r.count("recovering", "healthy"), "an ejection is over after 30 s, but not that of another process")
}

// It drained, and the process that comes after it is not well.
func TestUnmet_TheOnlyServerIsUsedThoughItComesBackUnwell(t *testing.T) {
	s, f := newFake(t), newTarget(small)
	r := before(t, loadbalancer.Config{Queue: -1}, s)
	r.mustInit(f)
	s.on(runtimespec.PathReady, draining)
	r.problem(0, "draining")
	s.on(runtimespec.PathReady, unfit)
	id := s.restart()
	r.eventually(func() bool { return r.servers()[0].ID == id && r.servers()[0].State == "unidentified" })
	r.mustRun(f)
}

// However many have come that are not well: those that are get the work.
func TestUnmet_WhoIsNotWellGetsNothingBesideOneThatIs(t *testing.T) {
	well, odd := newFake(t), []*fake{newFake(t), newFake(t), newFake(t)}
	cfg := loadbalancer.Config{Servers: []string{well.URL}, Queue: -1}
	for _, o := range odd {
		o.on(runtimespec.PathReady, unfit)
		cfg.Servers = append(cfg.Servers, o.URL)
	}
	r := newRig(t, cfg)
	r.identified(1)
	r.eventually(func() bool { return r.count("unidentified") == len(odd) })
	for range 20 {
		f := newTarget(small, "A", uuid.NewString())
		r.mustInit(f)
		r.mustRun(f)
	}
	for _, o := range odd {
		assert.Zero(t, o.count(runtimespec.PathInit)+o.count(runtimespec.PathRun))
	}
	assert.Contains(t, r.get("/metrics").body, "whiskaway_balancer_ejections_total 0\n")
}

// Members that were well stay in when a reload makes their connections anew.
func TestUnmet_AReloadOfTheTokenStopsNothing(t *testing.T) {
	s := newFake(t)
	file := filepath.Join(t.TempDir(), "token")
	token := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text+"\n"), 0o600)) }
	token("ssssssssssssssss")
	r := before(t, loadbalancer.Config{ServersTokenFile: file}, s)
	listed, listing := make(chan struct{}), make(chan struct{}, 10)
	defer close(listed)
	s.on(runtimespec.PathFunctions, func(f *fake, w http.ResponseWriter, in request) { // it is not identified before the test ends
		listing <- struct{}{}
		<-listed
		functions("")(f, w, in)
	})
	token("tttttttttttttttt")
	require.NoError(t, r.Reload(r.cfg))
	wait(t, listing)
	assert.Equal(t, http.StatusOK, r.get(runtimespec.PathReady).status)
	f := newTarget(small)
	r.mustInit(f)
	r.mustRun(f)
	assert.Equal(t, "Bearer tttttttttttttttt", s.all(runtimespec.PathRun)[0].Get("Authorization"))
}
