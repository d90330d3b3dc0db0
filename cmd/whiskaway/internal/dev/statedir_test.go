package dev

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Only our own folders are opened: the rest of a user's cache stays closed.
func TestMakeOpen_OpensOnlyItsOwnFolders(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, ".cache", "whiskaway", "dev")
	for range 2 {
		require.NoError(t, makeOpen(dir, 0o700))
		for folder, mode := range map[string]fs.FileMode{".cache": 0o700, ".cache/whiskaway": 0o711, ".cache/whiskaway/dev": 0o711} {
			info, err := os.Stat(filepath.Join(home, folder))
			require.NoError(t, err)
			assert.Equal(t, mode, info.Mode().Perm(), folder)
		}
	}
}
