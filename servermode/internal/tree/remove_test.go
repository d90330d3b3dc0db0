package tree_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// envRole makes the test binary play another part: see remover.
const envRole = "WHISKAWAY_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(envRole) == "remover" {
		remover(os.Args[1])
	}
	os.Exit(m.Run())
}

// ordinaryUser owns what is removed where the test is root: no other user has its uid.
const ordinaryUser = 1_899_999_998

// remover is a process with few descriptors that removes a tree.
func remover(dir string) {
	err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 80, Max: 80})
	if err == nil {
		err = tree.Remove(dir)
	}
	fmt.Print(err)
	os.Exit(0)
}

// removeElsewhere removes a tree in such a process, as an ordinary user.
func removeElsewhere(t *testing.T, dir string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", dir)
	cmd.Dir, cmd.Env = "/", []string{envRole + "=remover", "GORACE=atexit_sleep_ms=0"}
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: ordinaryUser, Gid: ordinaryUser}}
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// ground is a folder of the ordinary user's, and one in it to be removed.
func ground(t *testing.T) (dir, victim string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "whiskaway-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = exec.Command("rm", "-rf", dir).Run() })
	victim = filepath.Join(dir, "tree")
	require.NoError(t, os.Mkdir(victim, 0o700))
	return dir, victim
}

// handOver makes a tree the ordinary user's, if there is another.
func handOver(t *testing.T, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	require.NoError(t, exec.Command("chown", "-RPh", strconv.Itoa(ordinaryUser), dir).Run())
}

// dig makes a folder in a folder in a folder, a file in each, and returns the
// deepest, open.
func dig(t *testing.T, dir string, depth int) *os.File {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	for range depth {
		file, err := unix.Openat(fd, "file", unix.O_CREAT|unix.O_CLOEXEC, 0o600)
		require.NoError(t, err)
		require.NoError(t, unix.Close(file))
		require.NoError(t, unix.Mkdirat(fd, "d", 0o700))
		next, err := unix.Openat(fd, "d", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		require.NoError(t, err)
		require.NoError(t, unix.Close(fd))
		fd = next
	}
	return os.NewFile(uintptr(fd), "deepest")
}

func write(t *testing.T, parts ...string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(parts...), nil, 0o600))
}

func TestRemove_MissingIsNoError(t *testing.T) {
	dir := t.TempDir()
	assert.NoError(t, tree.Remove(filepath.Join(dir, "missing")))
	assert.NoError(t, tree.Remove(filepath.Join(dir, "missing", "missing")))
	assert.Error(t, tree.Remove("."))
	assert.Error(t, tree.Remove("/"))
	assert.DirExists(t, dir)
}

func TestRemove_AnyKindOfEntry(t *testing.T) {
	_, victim := ground(t)
	for i := range 10_000 {
		write(t, victim, strconv.Itoa(i))
	}
	require.NoError(t, unix.Mkfifo(filepath.Join(victim, "fifo"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(victim, "dir"), 0o700))
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: filepath.Join(victim, "dir", "socket")}))
	assert.NoError(t, tree.Remove(victim+"/"))
	assert.NoDirExists(t, victim)

	write(t, victim)
	assert.NoError(t, tree.Remove(victim), "a file")
	assert.NoFileExists(t, victim)
}

func TestRemove_AnyDepthWithFewDescriptors(t *testing.T) {
	dir, victim := ground(t)
	require.NoError(t, os.Mkdir(filepath.Join(victim, "side"), 0o700))
	for _, start := range []string{victim, filepath.Join(victim, "side")} {
		require.NoError(t, dig(t, start, 5_000).Close())
	}
	handOver(t, dir)
	assert.Equal(t, "<nil>", removeElsewhere(t, victim))
	assert.NoDirExists(t, victim)
}

// An ordinary user's tree is closed in every way, down to where folders are so deep
// that they have to be moved.
func TestRemove_ClosedFolders(t *testing.T) {
	dir, victim := ground(t)
	at := victim
	var folders []string
	modes := []fs.FileMode{0o000, 0o100, 0o200, 0o300, 0o400, 0o500, 0o600}
	for i := range 140 {
		at = filepath.Join(at, "d")
		require.NoError(t, os.Mkdir(at, 0o700))
		write(t, at, "file")
		side := filepath.Join(at, "side")
		require.NoError(t, os.Mkdir(side, 0o700))
		write(t, side, "file")
		require.NoError(t, os.Chmod(side, modes[i%len(modes)]))
		folders = append(folders, at)
	}
	handOver(t, dir)
	for i := len(folders) - 1; i >= 0; i-- {
		require.NoError(t, os.Chmod(folders[i], modes[i/2%len(modes)]))
	}
	require.NoError(t, os.Chmod(victim, 0))
	assert.Equal(t, "<nil>", removeElsewhere(t, victim))
	assert.NoDirExists(t, victim)
}

func TestRemove_LinksAreNotFollowed(t *testing.T) {
	dir, victim := ground(t)
	outside := filepath.Join(dir, "outside")
	require.NoError(t, os.Mkdir(outside, 0o700))
	write(t, outside, "file")
	for name, target := range map[string]string{"folder": outside, "file": outside + "/file", "dangling": "nowhere", "self": ".", "up": ".."} {
		require.NoError(t, os.Symlink(target, filepath.Join(victim, name)))
	}
	require.NoError(t, os.Symlink(victim, filepath.Join(dir, "link")))
	handOver(t, dir)
	require.NoError(t, os.Chmod(outside, 0o500)) // to be seen if it is opened

	require.NoError(t, tree.Remove(filepath.Join(dir, "link")), "itself a link")
	assert.DirExists(t, victim)
	assert.Equal(t, "<nil>", removeElsewhere(t, victim))
	assert.NoDirExists(t, victim)
	assert.FileExists(t, filepath.Join(outside, "file"))
	info, err := os.Stat(outside)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o500), info.Mode().Perm())
}

// accomplice works beside the test until it is stopped, or work returns false.
func accomplice(work func() bool) (stop func()) {
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for work() {
			select {
			case <-done:
				return
			default:
			}
		}
	})
	return func() { close(done); group.Wait() }
}

// refill keeps ten full folders in a folder: when one goes, the next one comes.
func refill(t *testing.T, dir, stock string) (stop func()) {
	t.Helper()
	require.NoError(t, os.MkdirAll(stock, 0o700))
	write(t, stock, "file")
	for i := range 150 {
		full := filepath.Join(stock, strconv.Itoa(i))
		require.NoError(t, os.MkdirAll(full, 0o700))
		for j := range 20 {
			require.NoError(t, os.Link(filepath.Join(stock, "file"), filepath.Join(full, strconv.Itoa(j))))
		}
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	next := 0
	work := func() bool {
		if next >= 10 && unix.Faccessat(fd, strconv.Itoa(next-10), unix.F_OK, 0) == nil {
			return true
		}
		err := unix.Renameat(unix.AT_FDCWD, filepath.Join(stock, strconv.Itoa(next)), fd, strconv.Itoa(next))
		next++
		return err == nil
	}
	for range 10 {
		require.True(t, work())
	}
	end := accomplice(work)
	return func() { end(); assert.NoError(t, unix.Close(fd)) }
}

func TestRemove_RefilledFolderEndsWithAnError(t *testing.T) {
	dir, victim := ground(t)
	var err error
	sub, stock := filepath.Join(victim, "sub"), filepath.Join(dir, "stock")
	for attempt := 0; err == nil; attempt++ { // again where the accomplice came too late
		require.Less(t, attempt, 20)
		require.NoError(t, errors.Join(os.RemoveAll(stock), os.MkdirAll(sub, 0o700)))
		stop := refill(t, sub, stock)
		err = tree.Remove(victim)
		stop()
	}
	assert.ErrorIs(t, err, unix.ENOTEMPTY)
	assert.EqualError(t, err, "remove "+victim+": something still writes to it: directory not empty")
	assert.NoError(t, tree.Remove(victim), "now that it is left alone")
	assert.NoDirExists(t, victim)
}

func TestRemove_FolderSwappedForALink(t *testing.T) {
	dir, victim := ground(t)
	outside := filepath.Join(dir, "outside")
	require.NoError(t, os.Mkdir(outside, 0o700))
	write(t, outside, "file")
	for range 100 {
		require.NoError(t, os.MkdirAll(filepath.Join(victim, "folder", "sub"), 0o700))
		write(t, victim, "folder", "file")
		require.NoError(t, os.Symlink(outside, filepath.Join(victim, "link")))
		fd, err := unix.Open(victim, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		require.NoError(t, err)
		stop := accomplice(func() bool {
			return unix.Renameat2(fd, "folder", fd, "link", unix.RENAME_EXCHANGE) == nil
		})
		_ = tree.Remove(victim) // may be held up, but not led elsewhere
		stop()
		require.NoError(t, unix.Close(fd))
		require.FileExists(t, filepath.Join(outside, "file"))
		require.NoError(t, tree.Remove(victim))
	}
}
