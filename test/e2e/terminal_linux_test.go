package e2e_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/test/harness"
)

// terminal is one that a service was started from.
type terminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	ended  chan struct{}
	listen string

	mu   sync.Mutex // guards what follows
	said bytes.Buffer
}

// fromTerminal starts a service in a terminal of its own, as a login shell is
// one's, and waits until it serves.
func fromTerminal(t *testing.T, binary string, args ...string) *terminal {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	master := os.NewFile(uintptr(fd), "terminal") // one that does not block is closed at once, also while it is read
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	defer slave.Close()

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	x := &terminal{t: t, master: master, ended: make(chan struct{}), listen: ln.Addr().String()}
	require.NoError(t, ln.Close())
	x.cmd = exec.Command(filepath.Join(harness.Bins, binary), append(args, "--listen="+x.listen)...)
	if binary == "nohup" {
		x.cmd = exec.Command("nohup", "sh", "-c", fmt.Sprintf("exec %s --server=http://127.0.0.1:1 --listen=%s --state-dir=%s >%s 2>&1",
			filepath.Join(harness.Bins, "loadbalancer"), x.listen, args[0], args[1]))
	}
	x.cmd.Env = append(os.Environ(), harness.Env...)
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = slave, slave, slave
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, x.cmd.Start())
	go func() { _ = x.cmd.Wait(); close(x.ended) }()
	go x.read()
	t.Cleanup(func() {
		_ = x.cmd.Process.Kill()
		<-x.ended
		_ = master.Close()
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", x.listen)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, harness.Patience, 5*time.Millisecond)
	return x
}

func (x *terminal) read() {
	for buf := make([]byte, 4096); ; {
		n, err := x.master.Read(buf)
		x.mu.Lock()
		x.said.Write(buf[:n])
		x.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// count returns how often the service has logged something.
func (x *terminal) count(text string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return strings.Count(x.said.String(), text)
}

func (x *terminal) hangUp() { _ = x.cmd.Process.Signal(syscall.SIGHUP) }

// gone waits for the end, and that nothing is left on the port.
func (x *terminal) gone() {
	x.t.Helper()
	harness.Receive(x.t, x.ended)
	ln, err := net.Listen("tcp", x.listen)
	if assert.NoError(x.t, err) {
		_ = ln.Close()
	}
}

// services returns how each is started, and a file with one setting, for those that
// read one.
func services(t *testing.T) map[string][]string {
	return map[string][]string{
		"servermode":   {"--state-dir=" + harness.StateDir(t)},
		"loadbalancer": {"--state-dir=" + harness.StateDir(t), "--server=http://127.0.0.1:1"},
		"clientmode":   {"--upstream=http://127.0.0.1:1"},
	}
}

func TestTerminal_AHangUpEndsWhatHasNothingToReadAgain(t *testing.T) {
	for binary, args := range services(t) {
		t.Run(binary, func(t *testing.T) {
			x := fromTerminal(t, binary, args...)
			x.hangUp()
			x.gone()
		})
	}
}

func TestTerminal_ThatIsClosedLeavesThePortFree(t *testing.T) {
	for binary, args := range services(t) {
		for _, withFile := range []bool{false, true} {
			if withFile && binary == "clientmode" {
				continue
			}
			t.Run(fmt.Sprintf("%s, file %t", binary, withFile), func(t *testing.T) {
				if withFile {
					file := filepath.Join(t.TempDir(), "settings.yaml")
					write(t, file, "log-level: info\n")
					args = append(args, "--config="+file)
				}
				x := fromTerminal(t, binary, args...)
				require.NoError(t, x.master.Close())
				x.gone()
			})
		}
	}
}

// At a hang-up by hand the service reads a file again; its log at a terminal is
// for a reader.
func TestTerminal_AHangUpByHandReloadsAFile(t *testing.T) {
	for binary, args := range services(t) {
		if binary == "clientmode" {
			continue
		}
		for flag, text := range map[string]string{"config": "log-level: info\n", "token-file": "aaaaaaaaaaaaaaaa default\n"} {
			t.Run(binary+" "+flag, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "file")
				write(t, file, text)
				x := fromTerminal(t, binary, append(args, "--"+flag+"="+file)...)
				for range 2 {
					before := x.count("INFO  reloaded")
					x.hangUp()
					require.Eventually(t, func() bool { return x.count("INFO  reloaded") > before }, harness.Patience, 5*time.Millisecond)
				}
				assert.Equal(t, 1, x.count("INFO  serving"))
			})
		}
	}
}

// Under nohup, a shell that ignores the signal, nothing that happens to a
// terminal ends the service.
func TestTerminal_NohupOutlastsIt(t *testing.T) {
	out := filepath.Join(t.TempDir(), "log")
	x := fromTerminal(t, "nohup", harness.StateDir(t), out)
	require.NoError(t, x.master.Close())
	x.hangUp()
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(out)
		return bytes.Contains(text, []byte(`"msg":"reloaded"`))
	}, harness.Patience, 5*time.Millisecond)
	select {
	case <-x.ended:
		t.Fatal("it has ended")
	default:
	}
}
