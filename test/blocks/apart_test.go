package blocks_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/test/harness"
)

// documentVariable has this program run a document's blocks: its name, in the
// checkout that is the working folder.
const documentVariable = "WHISKAWAY_BLOCKS_DOCUMENT"

// apartVariable says that the network is the document's own.
const apartVariable = "WHISKAWAY_BLOCKS_APART"

// ports are those that the documents use.
var ports = []string{"9000", "9001", "9002", "18080", "3234"}

// run runs a document's blocks and returns what is to be said of them. It does so
// in a process with a network of its own, where the usual ports are free; as root,
// with a /tmp and a /var/lib of its own as well.
func run(t *testing.T, name, dir string) (string, error) {
	cmd := command(t, name, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, AmbientCaps: []uintptr{unix.CAP_NET_ADMIN}}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET | syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
	cmd.Env = append(cmd.Env, apartVariable+"=yes")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		for _, port := range ports {
			l, err := net.Listen("tcp", "127.0.0.1:"+port)
			if err != nil {
				t.Skipf("this host gives tests no network of their own, and another program listens on port %s: %v", port, err)
			}
			require.NoError(t, l.Close())
		}
		out, err = command(t, name, dir).CombinedOutput()
	}
	return string(out), err
}

// command is this program, with an environment that knows nothing of its user.
func command(t *testing.T, name, dir string) *exec.Cmd {
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Dir = filepath.Join(dir, "src")
	home := filepath.Join(dir, "home")
	cmd.Env = append([]string{
		documentVariable + "=" + name, "HOME=" + home, "XDG_CACHE_HOME=" + filepath.Join(home, "cache"), "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8",
		"GOPROXY=off",
	}, harness.Env...)
	out, err := exec.Command("go", "env", "GOPATH", "GOCACHE", "GOMODCACHE").Output()
	require.NoError(t, err)
	for i, value := range strings.Fields(string(out)) {
		cmd.Env = append(cmd.Env, []string{"GOPATH", "GOCACHE", "GOMODCACHE"}[i]+"="+value)
	}
	return cmd
}

// setApart makes the network usable, and as root the folders that documents
// write to this process's own.
func setApart() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo); err != nil {
		return err
	}
	if os.Getuid() != 0 {
		return unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return nil // in a chroot what is mounted could be seen outside: the folders are shared
	}
	return errors.Join(
		unix.Mount("tmpfs", "/var/lib", "tmpfs", 0, "mode=0755"),
		unix.Mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777"),
	)
}
