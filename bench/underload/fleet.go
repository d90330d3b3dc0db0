package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/bench/internal/service"
)

// fleet is several servers and a balancer before them.
type fleet struct {
	token    string // of callers; empty: the balancer asks for none
	servers  []*service.Service
	balancer *service.Service
}

// fleet starts a balancer before servers that are already running, and waits
// until it has identified all of them. The servers end with the fleet, also if
// it fails.
func (r *rig) fleet(servers []*service.Service, args ...string) (*fleet, error) {
	return r.fleetFor("", servers, args...)
}

// fleetFor is fleet with a balancer whose callers need tokens, such as this
// one.
func (r *rig) fleetFor(token string, servers []*service.Service, args ...string) (*fleet, error) {
	f := &fleet{token: token, servers: servers}
	state, err := os.MkdirTemp(r.dir, "balancer-")
	args = append([]string{"--state-dir", state, "--log-level", "error"}, args...)
	for _, s := range servers {
		args = append(args, "--server", s.URL())
	}
	if err == nil {
		f.balancer, err = service.Start(filepath.Join(r.bins, "loadbalancer"), args...)
	}
	for i := 0; err == nil && i < len(servers); i++ {
		_, err = f.await(servers[i], "healthy")
	}
	if err != nil {
		f.stop()
		return nil, err
	}
	return f, nil
}

// Prefixes of servers' folders: functions detect by them at which server they
// run.
const (
	fast = "server-"
	lame = "slow-"
)

// three are servers of the same kind.
var three = []string{fast, fast, fast}

// start starts servers with the same settings; all or none.
func (r *rig) start(prefixes []string, args ...string) (servers []*service.Service, err error) {
	for _, prefix := range prefixes {
		s, err := r.serverIn(prefix, args...)
		if err != nil {
			for _, s := range servers {
				s.Stop()
			}
			return nil, err
		}
		servers = append(servers, s)
	}
	return servers, nil
}

func (f *fleet) stop() {
	if f.balancer != nil {
		f.balancer.Stop()
	}
	for _, s := range f.servers {
		s.Thaw()
		s.Stop()
	}
}

// crowded returns a client container before the balancer that takes many runs at once.
func (f *fleet) crowded(r *rig, kind string, keep int) (*service.Service, *load.Target, error) {
	client, err := service.StartWith([]string{"__OW_ALLOW_CONCURRENT=true"}, filepath.Join(r.bins, "clientmode"), "--upstream", f.balancer.URL(), "--kind", kind)
	if err != nil {
		return nil, nil, err
	}
	target, err := load.NewTarget(client.URL(), keep)
	if err != nil {
		client.Stop()
		return nil, nil, err
	}
	target.Concurrency = keep
	return client, target, nil
}

// state returns what the balancer reports about a server.
func (f *fleet) state(of *service.Service) (string, error) {
	req, err := http.NewRequest(http.MethodGet, f.balancer.URL()+"/servers", nil)
	if err != nil {
		return "", err
	}
	if f.token != "" {
		req.Header.Set("Authorization", "Bearer "+f.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var said struct {
		Servers []struct{ Server, State string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		return "", err
	}
	for _, s := range said.Servers {
		if s.Server == of.URL() {
			return s.State, nil
		}
	}
	return "", nil
}

// await waits until the balancer reports that a server is in a state or, with a
// leading !, in another one. It returns how long that took.
func (f *fleet) await(s *service.Service, want string) (time.Duration, error) {
	begin := time.Now()
	for time.Since(begin) < 4*patience {
		state, err := f.state(s)
		if err != nil {
			return 0, err
		}
		if state == want || want[0] == '!' && state != want[1:] {
			return time.Since(begin), nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return 0, fmt.Errorf("the balancer did not find %s %s", s.URL(), want)
}
