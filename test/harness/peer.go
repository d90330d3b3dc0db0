package harness

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// peerAddress is the address of every proxy of Apache OpenServerless; it cannot
// be configured.
const peerAddress = "127.0.0.1:8080"

// PeerBin returns the binary of a real proxy of Apache OpenServerless, empty if
// PEER_BIN names none: testdata/openserverless/README.md says how to build it.
func PeerBin() string {
	path := os.Getenv("PEER_BIN")
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, "proxy")
	}
	return path
}

// Peer is a real proxy of Apache OpenServerless.
type Peer struct {
	t              testing.TB
	mode, dir      string
	cmd            *exec.Cmd
	Stdout, Stderr *Buffer
	URL            string
}

// StartPeer starts the proxy as a CLIENT or a SERVER. Only one can run at a time.
func StartPeer(t testing.TB, mode string) *Peer {
	t.Helper()
	p := &Peer{t: t, mode: mode, dir: t.TempDir(), URL: "http://" + peerAddress}
	p.Start()
	t.Cleanup(func() { p.Kill(syscall.SIGKILL) })
	return p
}

// Start starts it, again after a Kill.
func (p *Peer) Start() {
	p.t.Helper()
	_, err := net.DialTimeout("tcp", peerAddress, time.Second)
	require.Error(p.t, err, "the peer needs port 8080, and something serves there")
	p.Stdout, p.Stderr = &Buffer{}, &Buffer{}
	p.cmd = exec.Command(PeerBin())
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, p.Stdout, p.Stderr
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "OW_ACTIVATE_PROXY_" + p.mode + "=1"}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its actions go with it
	p.cmd.WaitDelay = time.Second
	require.NoError(p.t, p.cmd.Start())
	Eventually(p.t, func() bool {
		conn, err := net.Dial("tcp", peerAddress)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, "the peer serves")
}

// Kill ends it with a signal.
func (p *Peer) Kill(s syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(s)
	_ = p.cmd.Wait()
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	p.cmd = nil
}
