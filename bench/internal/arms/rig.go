// Package arms has the ways of running a function that are compared: how the
// processes of each are started, and where an invoker sends runs.
package arms

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/whiskaway/whiskaway/bench/internal/place"
)

// containers is how many client containers a chain can have at once.
const containers = 2

// Rig is what all arms are started with.
type Rig struct {
	Bins   string // folder of clientmode, loadbalancer and servermode
	Before string // folder of the same of an earlier build; empty: nothing is compared with it
	Peer   string // the proxy of Apache OpenServerless; empty: it is not there

	site   *place.Site
	dir    string // functions, which may be users of their own, can pass through it
	memory string // a folder in memory, only with a peer
	token  string // file of containers and balancers, and what callers have
	tokens string // file of servers
	cert   string // file of servers that speak TLS, trusted by their containers
	key    string // of cert
}

const (
	tenantToken   = "5f0c6d1e9b7a48c2a1d4"
	balancerToken = "c2a1d49b7a485f0c6d1e"
)

// Open builds the programs that arms need beside those of bins and the peer.
// With a peer, the remote halves of all arms run in a network of their own,
// because both halves of the peer insist on one port. That takes root.
func Open(bins, before, peer string) (*Rig, error) {
	return open(&Rig{Bins: bins, Before: before, Peer: peer}, peer != "")
}

// OpenApart is Open without a peer, but with networks of their own.
func OpenApart(bins string) (*Rig, error) { return open(&Rig{Bins: bins}, true) }

func open(r *Rig, apart bool) (*Rig, error) {
	err := r.open(apart)
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Rig) open(apart bool) (err error) {
	if r.Bins, err = programs(r.Bins); err != nil {
		return fmt.Errorf("%w: call make build first, or say where the binaries are with --bin", err)
	}
	if r.Before != "" {
		if r.Before, err = programs(r.Before); err != nil {
			return fmt.Errorf("--before: %w", err)
		}
	}
	if r.dir, err = os.MkdirTemp("/var/tmp", "whiskaway-bench-"); err != nil {
		return err
	}
	if err = os.Chmod(r.dir, 0o711); err != nil {
		return err
	}
	r.token, r.tokens = filepath.Join(r.dir, "token"), filepath.Join(r.dir, "tokens")
	if err = os.WriteFile(r.token, []byte(tenantToken+"\n"), 0o600); err != nil {
		return err
	}
	if err = os.WriteFile(r.tokens, []byte(tenantToken+"\n"+balancerToken+" balancer delegate\n"), 0o600); err != nil {
		return err
	}
	if r.Peer != "" {
		if err = r.openPeer(); err != nil {
			return err
		}
	}
	site := place.OneHost
	if apart {
		site = place.TwoHosts
	}
	if r.site, err = site(containers); err != nil {
		return err
	}
	if err = r.certify(); err != nil {
		return err
	}
	return r.build("floor", "direct", "echo")
}

// programs returns the absolute path of a folder that has the product's
// programs.
func programs(dir string) (string, error) {
	for _, name := range []string{"clientmode", "loadbalancer", "servermode"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return "", err
		}
	}
	return filepath.Abs(dir)
}

func (r *Rig) openPeer() (err error) {
	if r.Peer, err = filepath.Abs(r.Peer); err != nil {
		return err
	}
	if _, err = exec.LookPath(r.Peer); err != nil {
		return fmt.Errorf("the peer: %w", err)
	}
	r.memory, err = os.MkdirTemp("/dev/shm", "whiskaway-bench-")
	return err
}

// build builds programs of this module.
func (r *Rig) build(names ...string) error {
	args := []string{"build", "-trimpath", "-ldflags=-s -w", "-o", r.dir + "/"}
	for _, name := range names {
		args = append(args, "github.com/whiskaway/whiskaway/bench/"+name)
	}
	build := exec.Command("go", args...)
	build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building %q: %w", names, err)
	}
	return nil
}

// own returns a program that build has built.
func (r *Rig) own(name string) string { return filepath.Join(r.dir, name) }

// Close ends all processes and removes all files.
func (r *Rig) Close() error {
	if r.site != nil {
		r.site.Close()
	}
	err := error(nil)
	for _, dir := range []string{r.dir, r.memory} {
		if dir != "" {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}
	return err
}
