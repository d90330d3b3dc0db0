// Package place starts processes and opens connections in the host's network or
// in networks of their own, which stand in for two hosts. Such a network has no
// name and no file: the kernel removes it with the last process in it, whatever
// happens to the process that made it.
package place

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Place is one network and a thread that is in it. All its processes are killed
// when it is closed or this process ends.
type Place struct {
	// Apart means that no other program can have taken a port in the place.
	Apart bool

	work chan func()
	done chan struct{}
	tid  int
}

// open starts a place's thread, which first calls enter.
func open(enter func() error) (*Place, error) {
	p := &Place{work: make(chan func()), done: make(chan struct{})}
	ready := make(chan error)
	go p.live(enter, ready)
	return p, <-ready
}

func (p *Place) live(enter func() error, ready chan<- error) {
	// The thread is never unlocked, so that it ends with the goroutine: no
	// other goroutine may get into its network, and its processes are killed
	// with it.
	runtime.LockOSThread()
	if p.tid = syscall.Gettid(); p.tid == syscall.Getpid() { // the one thread that outlives its goroutine
		elsewhere := make(chan error)
		go p.live(enter, elsewhere)
		ready <- <-elsewhere
		runtime.UnlockOSThread()
		return
	}
	err := enter()
	ready <- err
	if err != nil {
		return
	}
	defer close(p.done)
	for f := range p.work {
		f()
	}
}

func (p *Place) do(f func() error) (err error) {
	ended := make(chan struct{})
	p.work <- func() {
		err = f()
		close(ended)
	}
	<-ended
	return err
}

// Start starts a command there, in a process group of its own.
func (p *Place) Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid, cmd.SysProcAttr.Pdeathsig = true, syscall.SIGKILL
	return p.do(cmd.Start)
}

// Run runs a command in the place and returns its output if it fails.
func (p *Place) Run(name string, args ...string) error {
	return p.do(func() error {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s %q: %w: %s", name, args, err, out)
		}
		return nil
	})
}

// Dialer connects to an address, an IP and a port, from the place.
func (p *Place) Dialer(address string) func(timeout time.Duration) (net.Conn, error) {
	return func(timeout time.Duration) (wire net.Conn, err error) {
		d := net.Dialer{Timeout: timeout, KeepAlive: -1}
		err = p.do(func() (err error) {
			wire, err = d.Dial("tcp", address)
			return err
		})
		return wire, err
	}
}

// Port returns a free port of 127.0.0.1 in the place, as text. It is the wanted
// port if no other program can have taken that.
func (p *Place) Port(wanted string) (port string, err error) {
	if p.Apart {
		return wanted, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err = net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// Close kills what was started there, by its thread's end.
func (p *Place) Close() {
	close(p.work)
	<-p.done
}
