package build_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
)

func asRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("without root builds and functions run as the server's own user")
	}
}

// A process with a descriptor of the build's folder exchanges a folder of its files
// for one of links, while the server makes the files its own.
func TestBuilder_SealingFollowsNoLink(t *testing.T) {
	asRoot(t)
	r := newRig(t)
	secret := filepath.Join(filepath.Dir(r.cfg.Dir), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("x"), 0o600))
	for round := range 5 {
		stop, stopped := make(chan struct{}), make(chan struct{})
		order := shell("k"+strconv.Itoa(round), `mkdir "$1/d"; i=0; while [ $i -lt 500 ]; do : >"$1/d/$i"; i=$((i+1)); done`)
		script := order.Make
		order.Make = func(ctx context.Context, j *build.Job) error {
			err := errors.Join(script(ctx, j), os.Mkdir(filepath.Join(j.Dir, "e"), 0o755))
			for i := range 500 {
				err = errors.Join(err, os.Symlink(secret, filepath.Join(j.Dir, "e", strconv.Itoa(i))))
			}
			err = errors.Join(err, j.Own(filepath.Join(j.Dir, "e")))
			go func() {
				defer close(stopped)
				for {
					select {
					case <-stop:
						return
					default:
						_ = unix.Renameat2(unix.AT_FDCWD, filepath.Join(j.Dir, "d"), unix.AT_FDCWD, filepath.Join(j.Dir, "e"), unix.RENAME_EXCHANGE)
					}
				}
			}()
			return err
		}
		if p, err := r.Get(t.Context(), order, &output{}); err == nil {
			p.Release()
		}
		close(stop)
		<-stopped
		info, err := os.Stat(secret)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func TestBuilder_RefusesABuildWithAnotherUsersFiles(t *testing.T) {
	asRoot(t)
	r := newRig(t)
	_, err := r.Get(t.Context(), build.Order{Key: "k", Make: func(_ context.Context, j *build.Job) error {
		dir := filepath.Join(j.Dir, "theirs")
		return errors.Join(os.Mkdir(dir, 0o777), os.Chown(dir, 65534, 65534))
	}}, &output{})
	require.ErrorContains(t, err, `files of another user: "theirs"`)
}

// sees reports whether a user, in a group or not, can read a product.
func sees(p *build.Product, groups ...uint32) bool {
	cmd := exec.Command("/bin/cat", filepath.Join(p.Dir, "file"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65533, Groups: groups}}
	return cmd.Run() == nil
}

func TestBuilder_OnlyTheTenantsFunctionsEnter(t *testing.T) {
	asRoot(t)
	r := newRig(t)
	order := shell("k", `echo made >"$1/file"`)
	p, err := r.Get(t.Context(), order, &output{})
	require.NoError(t, err)
	second, err := r.Get(t.Context(), order, &output{})
	require.NoError(t, err)
	other, err := r.Get(t.Context(), build.Order{Tenant: "u", Key: "k", Make: order.Make}, &output{})
	require.NoError(t, err)
	require.NotEqual(t, p.Group, other.Group)
	assert.True(t, sees(p, p.Group))
	assert.False(t, sees(p), "not without the group")
	assert.False(t, sees(p, other.Group), "nor with another tenant's")
	p.Release()
	assert.True(t, sees(p, p.Group), "the second still uses it")
	second.Release()
	assert.False(t, sees(p, p.Group), "the group may be another's by now")
	again, err := r.Get(t.Context(), order, &output{})
	require.NoError(t, err)
	assert.True(t, sees(again, again.Group))
	require.NoError(t, r.Close())
	r.reopen() // as after a kill: it was not released
	assert.False(t, sees(again, again.Group))
	other.Release()
}

func owner(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Lstat(path)
	require.NoError(t, err)
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

func TestBuilder_CacheIsTheServersBetweenBuilds(t *testing.T) {
	asRoot(t)
	r := newRig(t)
	cached := func(tenant, key string) string {
		order := shell(key, "")
		order.Tenant, order.Cache = tenant, "tool"
		var cache string
		order.Make = func(ctx context.Context, j *build.Job) error {
			cache = j.Cache
			return j.Run(ctx, build.Command{Path: "/bin/sh", Args: []string{"-c", `echo more >>"$1/file"; cat "$1/file"`, "sh", j.Cache}, Dir: j.Dir})
		}
		out := &output{}
		p, err := r.Get(t.Context(), order, out)
		require.NoError(t, err, out)
		p.Release()
		assert.Equal(t, 0, owner(t, cache))
		return out.String()
	}
	assert.Equal(t, "more\n", cached("a", "1"))
	assert.Equal(t, "more\nmore\n", cached("a", "2"), "it is kept")
	assert.Equal(t, "more\n", cached("b", "1"), "each tenant has its own")
	caches, err := filepath.Glob(filepath.Join(r.cfg.Dir, "caches", "tool-*"))
	require.NoError(t, err)
	require.Len(t, caches, 2)
	require.NoError(t, os.Chown(caches[0], 1_900_000_000, 1_900_000_000)) // as if the server was killed while it was lent
	r.reopen()
	assert.NoDirExists(t, caches[0])
	assert.DirExists(t, caches[1])
}

// holdsOutput sends its stdout to the listener on the abstract socket.
const holdsOutput = `exec /usr/bin/python3 -c '
import array, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(chr(0) + sys.argv[1])
s.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1]))])' `

func TestBuilder_OutputHeldElsewhereHoldsNothingUp(t *testing.T) {
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		t.Skip("the test needs Python")
	}
	name := "whiskaway-test-" + strconv.Itoa(os.Getpid())
	listener, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(listener)
	require.NoError(t, unix.Bind(listener, &unix.SockaddrUnix{Name: "@" + name}))
	require.NoError(t, unix.Listen(listener, 1)) // the message, with the pipe in it, stays in its backlog
	r := newRig(t)
	started := time.Now()
	p, err := r.Get(t.Context(), shell("k", holdsOutput+name), &output{})
	require.NoError(t, err)
	p.Release()
	assert.Less(t, time.Since(started), 30*time.Second, "far from the build's limit")
}
