package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// Layers are what the host lets the sandbox do, as found by trying.
type Layers struct {
	// Mounts: each process has its own /tmp, /var/tmp, /dev/shm, home, System V
	// segments and entry in /etc/passwd.
	Mounts bool
	// Overlay: each process also has its own changes to its working folder.
	Overlay bool
	// Why says what prevents the first layer that is missing.
	Why error
}

// probeTime bounds a try.
const probeTime = 20 * time.Second

// Probe finds out what the host allows, in a folder that functions can pass to. Call
// it before the first process is started.
func (s *Sandbox) Probe(dir string) error {
	s.Layers = Layers{}
	if below(dir, "/dev/shm") {
		s.Layers.Why = errors.New("the state folder lies in /dev/shm, of which each process would have its own")
		return s.alias.make(dir)
	}
	for _, layers := range []Layers{{Mounts: true, Overlay: true}, {Mounts: true}} {
		why, err := s.try(dir, layers)
		if err != nil {
			return err
		}
		if why == nil {
			layers.Why = s.Layers.Why
			s.Layers = layers
			return nil
		}
		s.Layers.Why = why
	}
	return s.alias.make(dir)
}

// try starts a process that has the layers. why says what it could not do.
func (s *Sandbox) try(dir string, layers Layers) (why, err error) {
	var user *User
	if s.Users != nil {
		if user, err = s.Users.Acquire(); err != nil {
			return nil, err
		}
		defer s.Users.Release(user)
	}
	at := Place{User: user}
	if at.Dir, err = os.MkdirTemp(dir, "probe"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tree.Remove(at.Dir)) }()
	at.Action = filepath.Join(at.Dir, "action")
	if err := errors.Join(os.Chmod(at.Dir, seen), makeFolder(at.Action, 0o700, user)); err != nil {
		return nil, err
	}
	if layers.Overlay && strings.ContainsAny(dir, `,:\`) {
		return fmt.Errorf("the state folder's name has one of , : \\ in it"), nil
	}
	trial := *s.view(layers)
	folders, err := trial.Folders(at)
	if err != nil {
		return nil, err
	}
	return s.runTrial(user, at, folders), nil
}

// view returns a sandbox with these layers, to make folders by.
func (s *Sandbox) view(layers Layers) *Sandbox {
	return &Sandbox{Layers: layers, Users: s.Users, SharedMemory: s.SharedMemory}
}

func (s *Sandbox) runTrial(user *User, at Place, folders *Folders) error {
	group := s.Group(user)
	group.Folders, group.probes = folders, true
	var said bytes.Buffer
	cmd := exec.Command(self)
	cmd.Dir, cmd.Env, cmd.Stderr = at.Action, []string{}, &said
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	state, err := group.Run(ctx, cmd)
	var confine *ConfineError
	switch {
	case errors.As(err, &confine):
		return err
	case err != nil:
		return fmt.Errorf("this host gives the server no %s: %w", namespacesNeeded(), err)
	case !state.Success():
		return fmt.Errorf("%s", strings.TrimSpace(said.String()))
	}
	return nil
}

// namespacesNeeded names what a host must allow.
func namespacesNeeded() string {
	if os.Getuid() == 0 {
		return "mount and IPC namespaces (CAP_SYS_ADMIN)"
	}
	return "user namespaces"
}

// runProbe is the main function of the trial's process. As a function would, it
// writes wherever it may.
func runProbe(args []string) error {
	if len(args) < 1 {
		return errors.New("the probe needs confines")
	}
	confines, err := parseConfines(args[0])
	if err != nil {
		return err
	}
	if err := confines.apply(); err != nil {
		return err
	}
	for _, dir := range []string{".", "/tmp", "/var/tmp", "/dev/shm"} {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			continue
		}
		f, err := os.CreateTemp(dir, "probe")
		if err != nil {
			return err
		}
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
			return err
		}
	}
	return nil
}
