package codestore_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// On a disk that others have filled, what was unused for longest makes room; if
// nothing is there to go, the failure says what it is.
func TestStore_AFullDiskCostsWhatWasUnusedForLongest(t *testing.T) {
	dir := harness.SmallDisk(t, 1<<20)
	s := open(t, filepath.Join(dir, "code"), 1<<40)
	text := func(c byte) string { return string(make([]byte, 300<<10)) + string(c) }
	one := put(t, s, "a", text('1'))
	two := put(t, s, "a", text('2'))
	three := put(t, s, "a", text('3'))
	four := put(t, s, "a", text('4'))
	assert.False(t, s.Has("a", one))
	assert.True(t, s.Has("a", two) && s.Has("a", three) && s.Has("a", four))

	require.NoError(t, os.RemoveAll(filepath.Join(dir, "code")))
	harness.Fill(t, dir)
	code := []byte(text('5'))
	assert.ErrorIs(t, s.Put("a", digest(code), code), syscall.ENOSPC)
}
