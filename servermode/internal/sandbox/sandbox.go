package sandbox

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// EnvInstance marks every process of one instance in its environment, so that a
// process that left its process group is found again.
const EnvInstance = "WHISKAWAY_INSTANCE"

// ErrClosed is returned by a start in a sandbox that was closed.
var ErrClosed = errors.New("the sandbox is closed")

// DefaultSharedMemory is what a Docker container gets.
const DefaultSharedMemory = 64 << 20

// Sandbox starts commands. Its zero value is not usable; see New.
type Sandbox struct {
	Limits Limits
	Users  *Users // nil: functions run as the server's own user
	Layers Layers // see Probe
	// SharedMemory bounds the /dev/shm of each process, in bytes.
	SharedMemory int64
	named        bool // the users have entries in /etc/passwd; see NameUsers
	alias        alias
	prefix       string
	next         atomic.Uint64
	spawn        chan func()
	close        sync.Once
	closed       chan struct{}
}

// New returns a sandbox whose instances are named after the server's
// incarnation. users is nil unless the server is root.
func New(incarnation string, limits Limits, users *Users) *Sandbox {
	s := &Sandbox{Limits: limits, Users: users, SharedMemory: DefaultSharedMemory, prefix: incarnation, spawn: make(chan func()), closed: make(chan struct{})}
	go s.spawner()
	return s
}

// spawner starts all processes from one thread that never ends, because the kernel
// sends a parent-death signal when the *thread* that forked ends.
func (s *Sandbox) spawner() {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() { // the main thread does not end with its goroutine
		defer runtime.UnlockOSThread()
		go s.spawner() // on another thread, as this one is taken
		<-s.closed
		return
	}
	for {
		select {
		case start := <-s.spawn:
			start()
		case <-s.closed:
			return
		}
	}
}

// start starts cmd from the spawning thread.
func (s *Sandbox) start(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	select {
	case s.spawn <- func() { done <- startChild(cmd) }:
		return <-done
	case <-s.closed:
		return ErrClosed
	}
}

// Close ends the spawning thread. All that it started ends with it.
func (s *Sandbox) Close() { s.close.Do(func() { close(s.closed); s.alias.remove() }) }

// Group makes a new, empty group for a process of user.
func (s *Sandbox) Group(user *User) *Group {
	// All marks have one length, so that a process can be given one in another's place.
	return &Group{User: user, mark: fmt.Sprintf("%s.%012d", s.prefix, s.next.Add(1)), box: s}
}
