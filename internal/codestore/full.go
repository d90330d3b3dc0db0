package codestore

import (
	"cmp"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"syscall"
)

// Full reports whether something was not written because a disk is full.
func Full(err error) bool { return errors.Is(err, syscall.ENOSPC) || OverQuota(err) }

// OverQuota reports whether a quota was the reason: then the disk's free space
// says nothing.
func OverQuota(err error) bool { return errors.Is(err, syscall.EDQUOT) }

// overhead is what a file may take on a disk besides its bytes.
const overhead = 16 << 10

// Room is how many bytes the disk has for a code string, with what would be
// evicted for it.
func (s *Store) Room() int64 { return max(0, s.free()-overhead) + s.Bytes() }

// free is the free space on the disk, in bytes; as much as can be where the disk
// does not say.
func (s *Store) free() int64 {
	if bytes, err := freeOn(s.dir); err == nil {
		return bytes
	}
	return math.MaxInt64 / 2
}

// writeInRoom writes a file that the disk had no room for, after it has made room.
// It does so for one file at a time: another could take what was made free.
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

// makeRoom removes files, the tenant's own first and then those unused for
// longest, until so many bytes are free. If all of them are not enough, it
// removes none. It reports whether there is room; the caller holds mu.
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
	remove(files, max(bytes, 1)) // it may be the number of files that is too large
	return true
}
