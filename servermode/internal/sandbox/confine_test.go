package sandbox_test

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

func TestGroup_LimitsApply(t *testing.T) {
	box := newBox(t, token())
	out := output(t, box, `cat /proc/self/limits /proc/self/status; umask`)
	limit := func(name, value string) {
		assert.Regexp(t, regexp.MustCompile(`(?m)^Max `+name+` +`+value+` +`+value+` `), out)
	}
	limit("open files", "100")
	limit("file size", strconv.Itoa(1<<20))
	limit("core file size", "0")
	assert.Regexp(t, `NoNewPrivs:\s+1\n`, out)
	assert.Regexp(t, `CapEff:\s+0+\n`, out)
	assert.Regexp(t, `CapAmb:\s+0+\n`, out)
	assert.Regexp(t, `\n0077\n$`, out)
	if box.Users != nil {
		limit("processes", "40")
		assert.Regexp(t, `Groups:\s*\n`, out, "none of root's")
	} else {
		assert.NotRegexp(t, `Max processes +40 `, out, "they would be the owner's too")
	}
}

func TestGroup_ZeroLeavesALimit(t *testing.T) {
	box := newBox(t, token())
	box.Limits = sandbox.Limits{}
	var own syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &own))
	assert.Equal(t, strconv.FormatUint(own.Max, 10)+"\n", output(t, box, `ulimit -Hn`))
}

func TestGroup_NoDescriptorLeaks(t *testing.T) {
	for range 20 {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		defer r.Close()
		defer w.Close()
	}
	// A careless parent gives it: it is not closed on exec.
	const inherited = 90
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	require.NoError(t, syscall.Dup3(int(null.Fd()), inherited, 0))
	defer syscall.Close(inherited)

	out := output(t, newBox(t, token()), `for fd in {0..99}; do [ -e /proc/$$/fd/$fd ] && echo -n "$fd "; done`, null)
	assert.Equal(t, "0 1 2 3 ", out)
}

func TestGroup_InheritedPipesBlock(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	out := output(t, newBox(t, token()), `grep flags /proc/self/fdinfo/3`, r)
	match := regexp.MustCompile(`flags:\s+(\d+)`).FindStringSubmatch(out)
	require.NotNil(t, match, out)
	flags, err := strconv.ParseInt(match[1], 8, 64)
	require.NoError(t, err)
	assert.Zero(t, flags&syscall.O_NONBLOCK)
}

func TestGroup_OpensItsStreamsByName(t *testing.T) {
	box := newBox(t, token())
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	group := box.Group(user(t, box))
	require.NoError(t, group.Adopt(w))
	f := &function{group: group, cmd: command(`echo hello >/dev/stdout`)}
	f.cmd.Stdout = w
	f.run(t)
	require.NoError(t, w.Close())
	line := make([]byte, 10)
	n, err := r.Read(line)
	require.NoError(t, err)
	assert.Equal(t, "hello\n", string(line[:n]))
}

func TestGroup_RunningAfterTheShim(t *testing.T) {
	box := newBox(t, token())
	f := start(t, box, user(t, box), `exec sleep 1000`)
	eventually(t, f.group.Running, "the program runs")
	eventually(t, func() bool { // the name comes last in an exec
		name, err := os.ReadFile("/proc/" + strconv.Itoa(f.cmd.Process.Pid) + "/comm")
		return err == nil && (string(name) == "bash\n" || string(name) == "sleep\n")
	}, "it has the program's name")
}

func TestGroup_AwaitsInput(t *testing.T) {
	box := newBox(t, token())
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	f := &function{group: box.Group(user(t, box)), cmd: command(`read line; exec sleep 1000`)}
	f.cmd.Stdin = r
	f.run(t)
	eventually(t, f.group.Running, "the program runs")
	if _, err := os.ReadFile("/proc/" + strconv.Itoa(f.cmd.Process.Pid) + "/syscall"); err != nil {
		t.Skip("the kernel does not tell, as in containers without CAP_SYS_PTRACE: ", err)
	}
	eventually(t, f.group.AwaitsInput, "it waits for its line")
	_, err = w.WriteString("x\n")
	require.NoError(t, err)
	eventually(t, func() bool { return !f.group.AwaitsInput() }, "it got it")
}

func TestGroup_StartOfWhatIsNotThere(t *testing.T) {
	box := newBox(t, token())
	group := box.Group(user(t, box))
	cmd := exec.Command("/no/such/program")
	pidfd, err := group.Start(cmd)
	require.NoError(t, err, "the shim starts, and fails")
	defer syscall.Close(pidfd)
	err = group.Wait()
	exit := (*exec.ExitError)(nil)
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 127, exit.ExitCode())

	cmd = exec.Command("/bin/true")
	cmd.Dir = "/no/such/folder"
	_, err = box.Group(nil).Start(cmd)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestSandbox_StartAfterClose(t *testing.T) {
	box := newBox(t, token())
	box.Close()
	_, err := box.Group(nil).Start(command(`true`))
	assert.ErrorIs(t, err, sandbox.ErrClosed)
}
