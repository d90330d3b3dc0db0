package codestore

import (
	"cmp"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"syscall"
)

// Full reports whether a write failed because a disk is full.
func Full(err error) bool { return errors.Is(err, syscall.ENOSPC) || OverQuota(err) }

// OverQuota reports whether the write failed because of a quota. The disk's
// free space then says nothing.
func OverQuota(err error) bool { return errors.Is(err, syscall.EDQUOT) }

// overhead bounds what a file takes on a disk besides its bytes.
const overhead = 16 << 10

// Room returns how many bytes the disk has for a code string, evictions
// included.
func (s *Store) Room() int64 { return max(0, s.free()-overhead) + s.Bytes() }

// free returns the free space on the disk, in bytes. It is unlimited where the
// disk does not say.
func (s *Store) free() int64 {
	if bytes, err := freeOn(s.dir); err == nil {
		return bytes
	}
	return math.MaxInt64 / 2
}

// writeInRoom makes room for a file that did not fit on the disk, and writes
// it. It handles one file at a time: another one could take the space that was
// freed.
func (s *Store) writeInRoom(path string, code []byte, full error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	free := s.free()
	if OverQuota(full) {
		free = 0
	}
	if !s.makeRoom(path, int64(len(code))+overhead-free) {
		return full
	}
	return s.write(path, code)
}

// makeRoom removes files until the given number of bytes is free: the tenant's
// own first, then those unused for longest. If all of them are not enough, it
// removes none. It reports whether there is room. The caller holds mu.
func (s *Store) makeRoom(keep string, bytes int64) bool {
	files := removable(s.files(), keep)
	if sum(files) < bytes {
		return false
	}
	own := func(f file) int {
		if filepath.Dir(f.path) == filepath.Dir(keep) {
			return 0
		}
		return 1
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(own(a)-own(b), longestUnused(a, b)) })
	remove(files, max(bytes, 1)) // the limit may be on the number of files
	return true
}
