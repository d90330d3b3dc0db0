package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// service is a running server or client container.
type service struct {
	binary, address string
	args            []string
	cmd             *exec.Cmd
}

// patience is how long something may take that has to happen.
const patience = 30 * time.Second

// server starts a server with a state folder of its own.
func (r *rig) server(args ...string) (*service, error) {
	state, err := os.MkdirTemp(r.dir, "server-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(state, 0o711); err != nil {
		return nil, err
	}
	args = append([]string{"--state-dir", filepath.Join(state, "state"), "--log", filepath.Join(state, "log"), "--log-level", "warn"}, args...)
	return start(filepath.Join(r.bins, "servermode"), args...)
}

// client starts a client container in front of a server.
func (r *rig) client(of *service, kind string) (*service, error) {
	return start(filepath.Join(r.bins, "clientmode"), "--upstream", "http://"+of.address, "--kind", kind)
}

func start(binary string, args ...string) (*service, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &service{binary: binary, address: l.Addr().String(), args: args}
	_ = l.Close()
	return s, s.start()
}

// start starts the service, the first time or again, and waits until it answers.
func (s *service) start() error {
	s.cmd = exec.Command(s.binary, append([]string{"--listen", s.address}, s.args...)...)
	if filepath.Base(s.binary) == "servermode" { // a client's stream is its function's
		s.cmd.Stderr = os.Stderr
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	asker := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if resp, err := asker.Get("http://" + s.address + "/healthz"); err == nil {
			return resp.Body.Close()
		}
	}
	s.kill()
	return fmt.Errorf("%s does not serve %s; run it by hand to see why", s.binary, s.address)
}

func (s *service) pid() int { return s.cmd.Process.Pid }

// kill is kill -9; it returns when the process is gone.
func (s *service) kill() { s.end(syscall.SIGKILL) }

func (s *service) stop() { s.end(syscall.SIGTERM) }

func (s *service) end(how syscall.Signal) {
	_ = s.cmd.Process.Signal(how)
	_ = s.cmd.Wait()
}
