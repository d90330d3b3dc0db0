package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever file there is, a hang-up has it read again.
func TestReloading_CanReloadWithAnyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("log-level: info\n"), 0o600))
	parsed := func(args ...string) bool {
		var f flags
		_, err := newParser(&f).Parse(args)
		require.NoError(t, err)
		return (&reloading{flags: f}).CanReload()
	}
	assert.False(t, parsed("--state-dir="+t.TempDir()))
	for _, flag := range []string{"config", "token-file", "tls-cert", "join-token-file"} {
		assert.True(t, parsed("--"+flag+"="+file), flag)
	}
}
