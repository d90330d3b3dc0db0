package arms

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/place"
)

// patience bounds how long a test waits for something that has to happen.
const patience = 30 * time.Second

type command = func(*Rig, spot) (*exec.Cmd, error)

// process is a running process of ours or of another project.
type process struct {
	cmd  *exec.Cmd
	gone chan struct{} // closed when it has ended
}

// startProcess starts a command in a place and waits until it accepts
// connections. Its output is dropped.
func startProcess(cmd *exec.Cmd, at *place.Place, dial func(time.Duration) (net.Conn, error)) (*process, error) {
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}, cmd.Env...)
	if err := at.Start(cmd); err != nil {
		return nil, err
	}
	p := &process{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.gone)
	}()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if wire, err := dial(time.Second); err == nil {
			return p, wire.Close()
		}
		select {
		case <-p.gone:
			return nil, fmt.Errorf("%q ended at once: %v; run it by hand to see why", cmd.Args, cmd.ProcessState)
		default:
		}
	}
	p.end()
	return nil, fmt.Errorf("%q takes no connections; run it by hand to see why", cmd.Args)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// end ends a process and all that it has started. Our services end their
// functions themselves when they are asked to; other processes' children end
// with their stdin or, at the latest, with the group.
func (p *process) end() {
	how := syscall.SIGKILL
	switch filepath.Base(p.cmd.Path) {
	case "clientmode", "loadbalancer", "servermode":
		how = syscall.SIGTERM
	}
	_ = p.cmd.Process.Signal(how)
	select {
	case <-p.gone:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.gone
	}
	_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
}
