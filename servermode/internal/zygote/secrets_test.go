package zygote_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scans searches its own memory for a text. The text comes backwards, so that the
// search does not find itself.
const scans = `
def main(args):
    found, text = 0, args["backwards"].encode()
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            start, end = (int(n, 16) for n in span.split("-"))
            if "r" not in rights or "[v" in line: continue
            while start < end:
                try:
                    memory.seek(start)
                    chunk = memory.read(min(end - start, 1 << 20))
                except OSError: break
                if not chunk: break
                found += chunk[::-1].count(text)
                start += len(chunk)
    return found`

// Every later child could read what the parent has once held.
func TestParent_NoSecretOfAFunctionReachesAnother(t *testing.T) {
	r := newRig(t).open()
	canary := rand.Text()
	letters := []byte(canary)
	slices.Reverse(letters)
	value := fmt.Sprintf(`{"backwards":%q}`, letters)
	owner := r.action(scans, "SECRET="+canary).forked()
	assert.NotZero(t, answer[int](t, owner, value), "it is found where it is, or this test shows nothing")
	assert.Zero(t, answer[int](t, r.action(scans).forked(), value), "the next function's memory, a copy of the parent's")
	if os.Getuid() == 0 { // the parent is closed to every other user
		assert.Zero(t, bytes.Count(memory(t, r.PID()), []byte(canary)), "the parent's own")
	}
}

// This holds even where all run as one user.
func TestParent_IsClosedToItsFunctions(t *testing.T) {
	r := newRig(t).open()
	f := r.action(`
import os
def main(args):
    denied = []
    for name in "mem", "environ", "fd/3":
        try: open("/proc/%d/%s" % (os.getppid(), name), "rb").read(1)
        except PermissionError: denied.append(name)
    return denied`)
	assert.Equal(t, []string{"mem", "environ", "fd/3"}, answer[[]string](t, f.forked(), "{}"))
}

func memory(t *testing.T, pid int) (out []byte) {
	t.Helper()
	maps, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/maps")
	require.NoError(t, err)
	mem, err := os.Open("/proc/" + strconv.Itoa(pid) + "/mem")
	require.NoError(t, err)
	defer mem.Close()
	for line := range strings.Lines(string(maps)) {
		var start, end uint64
		_, err := fmt.Sscanf(line, "%x-%x", &start, &end)
		require.NoError(t, err)
		if strings.Contains(line, "[v") { // the kernel's
			continue
		}
		part := make([]byte, end-start)
		n, _ := mem.ReadAt(part, int64(start)) // some maps cannot be read
		out = append(out, part[:n]...)
	}
	require.Greater(t, len(out), 1<<20)
	return out
}

// The .pth files of a virtual environment are the tenant's code.
func TestParent_EnvironmentsCodeRunsAsTheFunctionsUser(t *testing.T) {
	r := newRig(t).open()
	f := r.action("import packed\ndef main(args): return packed.NAME")
	f.venv = venv(t, r)
	packages, err := filepath.Glob(filepath.Join(f.venv, "lib/python3*/site-packages"))
	require.NoError(t, err)
	written := filepath.Join(f.dir, "written")
	for name, text := range map[string]string{
		"x.pth": "import os; open(" + strconv.Quote(written) + ", 'w').write(f'{os.getuid()} {os.getppid()}')\n", "packed.py": "NAME = 'packed'",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(packages[0], name), []byte(text), 0o644))
	}
	assert.Equal(t, "packed", answer[string](t, f.forked(), "{}"))
	text, err := os.ReadFile(written)
	require.NoError(t, err)
	uid := os.Getuid()
	if f.user != nil {
		uid = int(f.user.ID)
	}
	assert.Equal(t, fmt.Sprintf("%d %d", uid, r.PID()), string(text), "by the child, as its user")
}
