package harness

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const tick = 5 * time.Millisecond

// OpenDir is a temporary folder through which any user can pass: t.TempDir is
// closed to the users that functions run as.
func OpenDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "whiskaway-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
