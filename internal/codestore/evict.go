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

// file is one in the store's folder.
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

// Bytes is how much is kept.
func (s *Store) Bytes() int64 { return sum(s.files()) }

func sum(files []file) (total int64) {
	for _, f := range files {
		total += f.size
	}
	return total
}

// evict removes the code unused for longest until the rest fits; not keep,
// which is about to be used, and not what is being written.
func (s *Store) evict(keep string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	files := s.files()
	s.remove(files, keep, sum(files)-s.maxBytes.Load())
}

// relieve removes the code unused for longest from a disk that is full for other
// reasons than how much is kept here, and reports whether as much as is needed
// was there.
func (s *Store) relieve(keep string, bytes int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remove(s.files(), keep, bytes)
}

// remove removes files unused for longest until so many bytes are free, and
// reports whether they are.
func (s *Store) remove(files []file, keep string, bytes int64) bool {
	slices.SortFunc(files, func(a, b file) int { return a.used.Compare(b.used) })
	for _, f := range files {
		if bytes <= 0 {
			break
		}
		if f.path != keep && !f.unfinished() && os.Remove(f.path) == nil {
			bytes -= f.size
		}
	}
	return bytes <= 0
}
