package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/service"
)

// patience bounds how long something may take that has to happen.
const patience = 30 * time.Second

// server starts a server with a state folder of its own.
func (r *rig) server(args ...string) (*service.Service, error) {
	return r.serverIn(fast, args...)
}

// serverIn starts a server whose folder's name starts with prefix, which
// functions see.
func (r *rig) serverIn(prefix string, args ...string) (*service.Service, error) {
	state, err := os.MkdirTemp(r.dir, prefix)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(state, 0o711); err != nil {
		return nil, err
	}
	args = append([]string{"--state-dir", filepath.Join(state, "state"), "--log", filepath.Join(state, "log"), "--log-level", "warn"}, args...)
	return service.Start(filepath.Join(r.bins, "servermode"), args...)
}

// client starts a client container in front of a server or a balancer.
func (r *rig) client(of *service.Service, kind string) (*service.Service, error) {
	return service.Start(filepath.Join(r.bins, "clientmode"), "--upstream", of.URL(), "--kind", kind)
}
