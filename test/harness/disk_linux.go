package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// SmallDisk returns a folder on its own disk of the given size. It skips the
// test if no disk can be mounted.
func SmallDisk(t testing.TB, bytes int) string {
	t.Helper()
	dir := OpenDir(t)
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", bytes)); err != nil {
		t.Skipf("no disk can be mounted here, which only root can: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	return dir
}

// Fill fills a disk and returns a function that frees it.
func Fill(t testing.TB, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	for piece := make([]byte, 4096); err == nil; {
		_, err = f.Write(piece)
	}
	require.True(t, errors.Is(err, syscall.ENOSPC), "%v", err)
	return func() { require.NoError(t, os.Remove(path)) }
}
