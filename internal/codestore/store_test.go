package codestore_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func digest(code []byte) runtimespec.Digest { return sha256.Sum256(code) }

func open(t *testing.T, dir string, maxBytes int64) *codestore.Store {
	t.Helper()
	s, err := codestore.Open(dir, maxBytes)
	require.NoError(t, err)
	return s
}

func put(t *testing.T, s *codestore.Store, tenant, code string) runtimespec.Digest {
	t.Helper()
	d := digest([]byte(code))
	require.NoError(t, s.Put(tenant, d, []byte(code)))
	return d
}

// stored lists the files of a store's folder.
func stored(t *testing.T, dir string) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		return err
	}))
	return paths
}

func TestStore_PutGetHas(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "folder [*?]") // no pattern
	s := open(t, dir, 1<<20)
	d := digest([]byte("code"))
	assert.False(t, s.Has("a", d))
	_, err := s.Get("a", d)
	require.ErrorIs(t, err, codestore.ErrMissing)
	for range 2 { // again is no error
		put(t, s, "a", "code")
		code, err := s.Get("a", d)
		require.NoError(t, err)
		assert.Equal(t, "code", string(code))
		assert.True(t, s.Has("a", d))
	}
	reopened := open(t, dir, 1<<20)
	assert.True(t, reopened.Has("a", d))
}

func TestStore_TenantsAreApart(t *testing.T) {
	s := open(t, t.TempDir(), 1<<20)
	d := put(t, s, "a", "code")
	for _, tenant := range []string{"", "b", "../a", "a/", "A"} {
		assert.False(t, s.Has(tenant, d), tenant)
		_, err := s.Get(tenant, d)
		assert.ErrorIs(t, err, codestore.ErrMissing, tenant)
	}
}

func TestStore_AlteredCodeIsMissing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1<<20)
	d := put(t, s, "a", "code")
	files := stored(t, dir)
	require.Len(t, files, 1)
	for _, bad := range []string{"cod", "codE", ""} {
		require.NoError(t, os.WriteFile(files[0], []byte(bad), 0o600))
		_, err := s.Get("a", d)
		require.ErrorIs(t, err, codestore.ErrMissing)
		assert.Empty(t, stored(t, dir), "it is removed")
		assert.False(t, s.Has("a", d))
	}
	put(t, s, "a", "code")
	_, err := s.Get("a", d)
	assert.NoError(t, err)
}

func TestStore_KilledWhileWriting(t *testing.T) {
	dir := t.TempDir()
	d := put(t, open(t, dir, 1<<20), "a", "code")
	half := filepath.Join(filepath.Dir(stored(t, dir)[0]), "1234.tmp")
	require.NoError(t, os.WriteFile(half, []byte("co"), 0o600))
	s := open(t, dir, 1<<20)
	assert.NoFileExists(t, half)
	assert.True(t, s.Has("a", d))
}

func TestStore_UnwritableLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1<<20)
	d := put(t, s, "a", "code")
	file := stored(t, dir)[0]
	require.NoError(t, os.Remove(file))
	require.NoError(t, os.MkdirAll(filepath.Join(file, "in the way"), 0o700))
	require.Error(t, s.Put("a", d, []byte("code")))
	assert.Empty(t, stored(t, dir))
}

func TestStore_EvictsWhatWasUnusedForLongest(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 250)
	text := func(i int) string { return string(bytes.Repeat([]byte{byte('a' + i)}, 100)) }
	one, two := put(t, s, "a", text(1)), put(t, s, "b", text(2))
	for i, path := range stored(t, dir) { // both were used long ago
		past := time.Now().Add(-time.Hour - time.Duration(i)*time.Minute)
		require.NoError(t, os.Chtimes(path, past, past))
	}
	_, err := s.Get("a", one) // a use
	require.NoError(t, err)
	three := put(t, s, "b", text(3))
	assert.True(t, s.Has("a", one))
	assert.False(t, s.Has("b", two))
	assert.True(t, s.Has("b", three))

	big := put(t, s, "a", string(make([]byte, 1000)))
	assert.True(t, s.Has("a", big), "what is about to be used stays")
	assert.Len(t, stored(t, dir), 1)
}

func TestStore_ConcurrentPuts(t *testing.T) {
	s := open(t, t.TempDir(), 500) // so that everything is evicted all the time
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				code := fmt.Appendf(nil, "%d %d %0200d", i, j, 0)
				if !assert.NoError(t, s.Put("a", digest(code), code)) {
					return
				}
				got, err := s.Get("a", digest(code))
				if err == nil {
					assert.Equal(t, code, got)
				} else {
					assert.ErrorIs(t, err, codestore.ErrMissing)
				}
			}
		})
	}
	all.Wait()
}
