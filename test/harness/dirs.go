package harness

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const tick = 5 * time.Millisecond

// OpenDir returns a temporary folder that any user can enter, where functions
// and a test exchange files. t.TempDir is closed to the users that functions
// run as, and each of their processes has its own /tmp.
func OpenDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(inSight(t), "test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// inSight returns a folder that no function has of its own.
func inSight(t testing.TB) string {
	dir := "/var/cache/whiskaway"
	if os.Getuid() != 0 {
		cache, err := os.UserCacheDir()
		require.NoError(t, err)
		dir = filepath.Join(cache, "whiskaway")
	}
	require.NoError(t, os.MkdirAll(dir, 0o755))
	return dir
}
