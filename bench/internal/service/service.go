// Package service starts our services on loopback, as their users do. It
// freezes, kills and restarts them.
package service

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

// patience bounds how long a service may take until it answers.
const patience = 30 * time.Second

// Service is a running server, balancer or client container.
type Service struct {
	Address string

	binary string
	args   []string
	env    []string
	cmd    *exec.Cmd
}

// Start starts a service on a free port and waits until it answers.
func Start(binary string, args ...string) (*Service, error) { return StartWith(nil, binary, args...) }

// StartWith is Start with more variables than this process has.
func StartWith(env []string, binary string, args ...string) (*Service, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Service{Address: l.Addr().String(), binary: binary, args: args, env: env}
	_ = l.Close()
	return s, s.Again()
}

// Again starts a service that has ended, at the same address.
func (s *Service) Again() error {
	s.cmd = exec.Command(s.binary, append([]string{"--listen", s.Address}, s.args...)...)
	s.cmd.Env = append(os.Environ(), s.env...)
	if filepath.Base(s.binary) != "clientmode" { // a client's stream is its function's
		s.cmd.Stderr = os.Stderr
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	asker := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if resp, err := asker.Get(s.URL() + "/healthz"); err == nil {
			return resp.Body.Close()
		}
	}
	s.Kill()
	return fmt.Errorf("%s does not serve %s; run it by hand to see why", s.binary, s.Address)
}

// URL returns where the service serves, such as http://127.0.0.1:8080.
func (s *Service) URL() string { return "http://" + s.Address }

// PID returns its process id.
func (s *Service) PID() int { return s.cmd.Process.Pid }

// Kill kills the process with SIGKILL and waits for its end.
func (s *Service) Kill() { s.end(syscall.SIGKILL) }

// Freeze stops the process until Thaw, as if its host hung.
func (s *Service) Freeze() { _ = s.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *Service) Thaw() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }

// Stop asks the process to end and waits for that.
func (s *Service) Stop() { s.end(syscall.SIGTERM) }

func (s *Service) end(how syscall.Signal) {
	_ = s.cmd.Process.Signal(how)
	_ = s.cmd.Wait()
}
