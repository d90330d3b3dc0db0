package codestore

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tmpSuffix ends the name of a file that is being written.
const tmpSuffix = ".tmp"

// file is a file in the store's folder.
type file struct {
	path string
	size int64
	used time.Time
}

func (f file) unfinished() bool { return strings.HasSuffix(f.path, tmpSuffix) }

// files lists the store's folder, two levels deep.
func (s *Store) files() (out []file) {
	tenants, _ := os.ReadDir(s.dir)
	for _, tenant := range tenants {
		dir := filepath.Join(s.dir, tenant.Name())
		entries, _ := os.ReadDir(dir)
		for _, entry := range entries {
			if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
				out = append(out, file{filepath.Join(dir, entry.Name()), info.Size(), info.ModTime()})
			}
		}
	}
	return out
}

// Bytes returns how much code is kept.
func (s *Store) Bytes() int64 { return sum(s.files()) }

func sum(files []file) (total int64) {
	for _, f := range files {
		total += f.size
	}
	return total
}

// evict removes the code that has been unused for longest until the rest fits.
// It spares keep, which is about to be used, and files that are being written.
func (s *Store) evict(keep string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	files := s.files()
	slices.SortFunc(files, longestUnused)
	remove(removable(files, keep), sum(files)-s.maxBytes.Load())
}

func longestUnused(a, b file) int { return a.used.Compare(b.used) }

// removable returns the files that may be evicted.
func removable(files []file, keep string) []file {
	return slices.DeleteFunc(slices.Clone(files), func(f file) bool { return f.path == keep || f.unfinished() })
}

// remove removes files in order until the given number of bytes is free.
func remove(files []file, bytes int64) {
	for _, f := range files {
		if bytes <= 0 {
			return
		}
		if os.Remove(f.path) == nil {
			bytes -= f.size
		}
	}
}
