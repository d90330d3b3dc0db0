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

// On a disk that other files fill, the code that was unused for longest makes
// room. If no code can be evicted, the failure says what is wrong.
func TestStore_AFullDiskCostsWhatWasUnusedForLongest(t *testing.T) {
	dir := harness.SmallDisk(t, 1<<20)
	s := open(t, filepath.Join(dir, "code"), 1<<40)
	text := func(c byte) string { return text(300, c) }
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

// text returns a code string of about so many KiB.
func text(kib int, c byte) string { return string(make([]byte, kib<<10)) + string(c) }

// Code that cannot fit even after all evictions evicts nothing.
func TestStore_CodeThatIsTooLargeForTheDiskRemovesNothing(t *testing.T) {
	s := open(t, filepath.Join(harness.SmallDisk(t, 1<<20), "code"), 1<<40)
	one, two := put(t, s, "a", text(300, '1')), put(t, s, "b", text(300, '2'))
	code := []byte(text(1100, '3'))
	assert.ErrorIs(t, s.Put("c", digest(code), code), syscall.ENOSPC)
	assert.True(t, s.Has("a", one) && s.Has("b", two))
	put(t, s, "c", text(900, '4')) // in the room of both
	assert.False(t, s.Has("a", one) || s.Has("b", two))
}

// A tenant that needs room on a full disk loses its own code first, and no more
// than it takes.
func TestStore_RoomOnAFullDiskIsTheTenantsOwnFirst(t *testing.T) {
	s := open(t, filepath.Join(harness.SmallDisk(t, 1<<20), "code"), 1<<40)
	other := put(t, s, "b", text(300, '1')) // unused for longest
	own := put(t, s, "a", text(300, '2'))
	last := put(t, s, "a", text(300, '3'))
	put(t, s, "a", text(350, '4'))
	assert.True(t, s.Has("b", other) && s.Has("a", last))
	assert.False(t, s.Has("a", own))
}
