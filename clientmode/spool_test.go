package clientmode_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// spools counts the open files that lie, or lay, in a folder.
func spools(t *testing.T, dir string) int { return descriptors(t, dir+"/") }

// descriptors counts the open files whose names start with prefix.
func descriptors(t *testing.T, prefix string) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, prefix) {
			n++
		}
	}
	return n
}

// whole asks for the code whenever it is left out.
func whole(then script) script {
	return func(w http.ResponseWriter, r request) {
		if init, _ := runtimespec.ParseInit([]byte(r.body)); init.HasCode {
			then(w, r)
		} else {
			refuse(runtimespec.CodeNeeded)(w, r)
		}
	}
}

func TestInit_LargeCodeIsKeptInAFileWithoutAName(t *testing.T) {
	for name, c := range map[string]struct {
		dir   string
		files int
	}{"a folder": {t.TempDir(), 1}, "no folder": {filepath.Join(t.TempDir(), "none"), 0}} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/init": whole(ok), "/run": first(1, refuse(runtimespec.UnknownFunction), echo)})
			r := newRig(t, clientmode.Config{Upstream: f.URL, SpoolDir: c.dir})
			body := initBody(huge)
			require.Equal(t, http.StatusOK, r.post("/init", body).Status)
			eventually(t, func() bool { return spools(t, c.dir) == c.files })
			eventually(t, func() bool { entries, _ := os.ReadDir(c.dir); return len(entries) == 0 }) // it has a name for a moment
			require.Equal(t, http.StatusOK, r.post("/run", runBody("a")).Status)
			inits := f.all("/init")
			require.Len(t, inits, 4)
			assert.True(t, inits[1].body == body && inits[3].body == body)
			require.NoError(t, r.Stop(t.Context()))
			assert.Zero(t, spools(t, c.dir))
		})
	}
}

func TestInit_AFailedOneKeepsNoFile(t *testing.T) {
	dir := t.TempDir()
	f := newFake(t, map[string]script{"/init": refuse(runtimespec.InitFailed)})
	r := newRig(t, clientmode.Config{Upstream: f.URL, SpoolDir: dir})
	for range 3 {
		require.Equal(t, http.StatusBadGateway, r.post("/init", initBody(huge)).Status)
		assert.Zero(t, spools(t, dir))
	}
}

func TestStop_LeavesNoDescriptorOpen(t *testing.T) {
	before := descriptors(t, "socket:")
	f := unstarted(map[string]script{"/run": first(3, reset, echo)})
	f.Start()
	r := ready(t, f, clientmode.Config{})
	for range 5 {
		r.post("/run", runBody("a"))
	}
	require.NoError(t, r.Stop(t.Context()))
	f.close()
	eventually(t, func() bool { return descriptors(t, "socket:") <= before })
}
