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
	total := sum(files)
	slices.SortFunc(files, func(a, b file) int { return a.used.Compare(b.used) })
	for _, f := range files {
		if total <= s.maxBytes.Load() {
			return
		}
		if f.path != keep && !f.unfinished() && os.Remove(f.path) == nil {
			total -= f.size
		}
	}
}
