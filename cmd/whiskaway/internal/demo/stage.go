package demo

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stage holds the processes of a demo, each started as its user would start it.
type stage struct {
	dir              string
	servers          []*actor
	balancer, client *actor
}

// setStage starts two servers, a balancer before them and a client container.
func setStage(python string) (s *stage, err error) {
	// Outside the user's own folders: functions run as users that cannot enter
	// those.
	dir, err := os.MkdirTemp("/var/tmp", "whiskaway-demo-")
	if err != nil {
		return nil, err
	}
	s = &stage{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.clear())
		}
	}()
	if err := os.Chmod(dir, 0o711); err != nil {
		return s, err
	}
	balancer := []string{"--listen=127.0.0.1:0", "--state-dir=" + filepath.Join(dir, "balancer")}
	for _, label := range []string{"A", "B"} {
		args := []string{"--listen=127.0.0.1:0", "--state-dir=" + filepath.Join(dir, "server-"+label)}
		if python != "" {
			args = append(args, "--python="+python)
		}
		server, err := s.start("servermode", label, args)
		if server != nil {
			s.servers = append(s.servers, server)
		}
		if err != nil {
			return s, err
		}
		balancer = append(balancer, "--server="+server.url)
	}
	if s.balancer, err = s.start("loadbalancer", "", balancer); err != nil {
		return s, err
	}
	s.client, err = s.start("clientmode", "", []string{"--listen=127.0.0.1:0", "--upstream=" + s.balancer.url, "--kind=python:3"})
	return s, err
}

// clear stops the processes and removes the folder.
func (s *stage) clear() error {
	for _, a := range append([]*actor{s.client, s.balancer}, s.servers...) {
		if a != nil {
			_ = a.stop()
		}
	}
	return os.RemoveAll(s.dir)
}

// actor is one process of the demo. Its output goes to files.
type actor struct {
	label string // of a server
	cmd   *exec.Cmd
	url   string
	out   string // file with its stdout and stderr
	done  chan struct{}
	err   error
}

// start starts the binary beside this one.
func (s *stage) start(name, label string, args []string) (*actor, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	a := &actor{label: label, out: filepath.Join(s.dir, name+label+".out"), done: make(chan struct{})}
	out, err := os.Create(a.out)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	log := a.out
	if name == "clientmode" { // its streams are the function's
		log = filepath.Join(s.dir, name+".log")
		args = append(args, "--log="+log)
	}
	a.cmd = exec.Command(filepath.Join(filepath.Dir(self), name), args...)
	a.cmd.Stdout, a.cmd.Stderr = out, out
	if err := a.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w (make build makes the binaries)", err)
	}
	go func() { a.err = a.cmd.Wait(); close(a.done) }()
	return a, a.await(log)
}

// await reads the address from the log once the process serves.
func (a *actor) await(log string) error {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		select {
		case <-a.done:
			return fmt.Errorf("%s ended: %v%s", a.cmd.Path, a.err, a.tail())
		default:
		}
		data, _ := os.ReadFile(log)
		for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
			var entry struct{ Msg, Address string }
			if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "serving" {
				a.url = "http://" + entry.Address
				return nil
			}
		}
	}
	return fmt.Errorf("%s does not serve%s", a.cmd.Path, a.tail())
}

func (a *actor) pid() int { return a.cmd.Process.Pid }

// kill ends the process as a power cut would.
func (a *actor) kill() {
	_ = a.cmd.Process.Kill()
	<-a.done
}

func (a *actor) ended() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// stop sends SIGTERM and waits.
func (a *actor) stop() error {
	if a.ended() {
		return a.err
	}
	_ = a.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended already
	select {
	case <-a.done:
		return a.err
	case <-time.After(time.Minute):
		return errors.Join(errors.New("it did not end after SIGTERM"), a.cmd.Process.Kill())
	}
}

// tail returns the end of the process's output, for an error message.
func (a *actor) tail() string {
	data, _ := os.ReadFile(a.out)
	if len(data) == 0 {
		return ""
	}
	return "\nit wrote:\n" + string(data[max(0, len(data)-2000):])
}

// parentOf reads a process's parent from /proc.
func parentOf(pid int) int {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, "PPid:"); ok {
			parent, _ := strconv.Atoi(strings.TrimSpace(value))
			return parent
		}
	}
	return 0
}
