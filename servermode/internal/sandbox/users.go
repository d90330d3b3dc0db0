package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A block of uids is one server's while it holds the block's lock. Each user takes
// two: its own, and the next one for the process that ends it.
const (
	blockSize = 8192
	blocks    = 64
	// firstID is even, and lies in the range that Linux distributions leave unused.
	firstID = 1_900_000_000
	// firstSmall is used inside a user namespace with the usual 65,536 ids.
	firstSmall = 40_000
	smallBlock = 512
)

// ErrNoUser is returned when every uid of the block is taken.
var ErrNoUser = errors.New("no uid is free: too many functions at once")

// Users hands out uids of a block that no other server on this host uses.
type Users struct {
	first uint32
	size  uint32
	lock  *blockLock
	// Left says what of earlier functions could not be removed; nil: nothing.
	Left error
	// Notice, unless nil, is told what of a function could not be removed.
	Notice func(error)

	mu   sync.Mutex // guards what follows
	free []uint32   // the longest unused first
	used map[uint32]bool
}

// ClaimUsers takes a free block of uids and kills everything that an earlier server
// left running in it.
func ClaimUsers() (*Users, error) {
	first, size, count := uint32(firstID), uint32(blockSize), blocks
	if mapped := mappedIDs(); mapped <= firstID+blockSize*blocks {
		first, size, count = firstSmall, smallBlock, int(max(0, int64(mapped)-firstSmall)/smallBlock)
	}
	start := namespace()
	for n := range count {
		i := (start + n) % count
		lock, free := lockBlock(i)
		if !free {
			continue
		}
		u := newUsers(first+uint32(i)*size, size, lock)
		if u.inContainer() {
			_ = lock.Close()
			continue
		}
		if err := u.sweep(); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
		return u, nil
	}
	return nil, errors.New("no block of uids is free: too many servers on this host")
}

func newUsers(first, size uint32, lock *blockLock) *Users {
	u := &Users{first: first, size: size, lock: lock, used: map[uint32]bool{}}
	for id := first; id < first+size; id += 2 {
		u.free = append(u.free, id)
	}
	return u
}

// mappedIDs returns how many ids the user namespace has, counted from 0.
func mappedIDs() uint64 {
	f, err := os.Open("/proc/self/uid_map")
	if err != nil {
		return 1 << 32
	}
	defer f.Close()
	var end uint64
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 {
			continue
		}
		start, _ := strconv.ParseUint(fields[0], 10, 64)
		length, _ := strconv.ParseUint(fields[2], 10, 64)
		end = max(end, start+length)
	}
	return end
}

// Acquire takes the uid that has been unused for longest, so that files that a
// function may have left stay closed to the next for long.
func (u *Users) Acquire() (*User, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.free) == 0 {
		return nil, ErrNoUser
	}
	id := u.free[0]
	u.free = u.free[1:]
	u.used[id] = true
	return &User{ID: id, notice: u.tell}, nil
}

// Release gives a uid back. Nothing may run as it any more.
func (u *Users) Release(user *User) {
	if user == nil {
		return
	}
	user.mu.Lock()
	stuck := user.stuck
	user.mu.Unlock()
	if stuck {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.used[user.ID] {
		delete(u.used, user.ID)
		u.free = append(u.free, user.ID)
	}
}

// Close frees the block.
func (u *Users) Close() error { return u.lock.Close() }

// namespace returns a number that differs between pid namespaces. Servers in
// containers do not see each other's locks, so they start their search at different
// blocks.
func namespace() int {
	var inode int
	if link, err := os.Readlink("/proc/self/ns/pid"); err == nil {
		_, _ = fmt.Sscanf(link, "pid:[%d]", &inode)
	}
	return inode
}

// inContainer reports whether a server in a container on this host uses the block.
// Its lock cannot be seen from here.
func (u *Users) inContainer() bool {
	return slices.ContainsFunc(processes(), func(p proc) bool {
		return u.has(p.uid) && p.depth > depth()
	})
}

// sweep kills everything that runs as a uid of the block, and removes what it left
// in the host's shared folders.
func (u *Users) sweep() error {
	for _, p := range processes() {
		if u.has(p.uid) {
			if err := killUser(p.uid &^ 1); err != nil {
				return fmt.Errorf("ending what an earlier server left: %w", err)
			}
		}
	}
	u.Left = removeLeftovers(u.has)
	return nil
}

// tell passes on what could not be removed.
func (u *Users) tell(err error) {
	if err != nil && u.Notice != nil {
		u.Notice(err)
	}
}

func (u *Users) has(uid uint32) bool { return uid >= u.first && uid < u.first+u.size }
