// Package tree gives folders to the users of functions and builds, and removes them.
// Their users may have closed them, nested them deeper than a path can name, or put
// links in them, and may still be writing. Removal works by descriptors, follows no
// links, and gives up a folder that is refilled again and again.
package tree

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// removeLevels bounds the descriptors that a removal holds, one per level.
	removeLevels = 64
	// removeRounds is how often a tree that is refilled meanwhile is emptied.
	removeRounds = 5
	// removePatience ends a removal that rounds cannot: folders may be made deeper
	// faster than they are removed.
	removePatience = 10 * time.Minute
	// removeBatch is how many names of one folder are in memory.
	removeBatch = 1024
)

// Remove removes a folder whose user may have left it in any state, and in which a
// process may still be at work. It follows no links, opens closed folders and
// removes trees of any depth. Only the path to dir has to be trusted. It gives up a
// tree that is refilled again and again, with an error. A missing folder is no
// error.
func Remove(dir string) error {
	if err := removeAt(filepath.Clean(dir)); err != nil {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	return nil
}

func removeAt(dir string) error {
	name := filepath.Base(dir)
	if name == "." || name == ".." || name == "/" {
		return unix.EINVAL
	}
	parent, err := os.OpenFile(filepath.Dir(dir), unix.O_PATH|unix.O_DIRECTORY, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	defer parent.Close()
	if err := unlink(parent, name); err != unix.ENOTEMPTY {
		return err
	}
	top, err := openFolder(parent, name)
	if err != nil {
		return err
	}
	defer top.Close()
	r := remover{top: top, end: time.Now().Add(removePatience)}
	return r.run(func() error { return unlink(parent, name) })
}

// remover empties one tree. It works by descriptors, because a path has a longest
// length and could lead elsewhere by the time it is used.
type remover struct {
	top   *os.File
	end   time.Time
	moved bool  // a deep folder was moved to the top in this round
	err   error // the round's first failure
}

// run empties the tree until it can be unlinked.
func (r *remover) run(unlink func() error) error {
	for round := 0; round < removeRounds && !r.late(); {
		r.moved, r.err = false, nil
		r.empty(r.top, 1)
		if err := unlink(); err != unix.ENOTEMPTY {
			return err
		}
		if !r.moved {
			round++
		}
		if _, err := r.top.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	switch {
	case r.err != nil:
		return r.err
	case r.late():
		return fmt.Errorf("not done within %s: %w", removePatience, unix.ENOTEMPTY)
	}
	return fmt.Errorf("something still writes to it: %w", unix.ENOTEMPTY)
}

func (r *remover) late() bool { return time.Now().After(r.end) }

// empty removes what is in a folder at the start, as far as it can. What is added
// meanwhile is left to the next round, because it could go on for ever.
func (r *remover) empty(dir *os.File, level int) {
	left, err := count(dir)
	for err == nil && left > 0 && !r.late() {
		var names []string
		names, err = dir.Readdirnames(min(left, removeBatch))
		left -= len(names)
		for _, name := range names {
			r.note(name, r.remove(dir, name, level))
		}
	}
	if err != io.EOF {
		r.note(filepath.Base(dir.Name()), err)
	}
}

// count returns the number of a folder's entries.
func count(dir *os.File) (n int, err error) {
	for err == nil {
		var names []string
		names, err = dir.Readdirnames(removeBatch)
		n += len(names)
	}
	if err == io.EOF {
		_, err = dir.Seek(0, io.SeekStart)
	}
	return n, err
}

// note keeps the first failure that is not just the consequence of another.
func (r *remover) note(name string, err error) {
	if err != nil && err != unix.ENOTEMPTY && !errors.Is(err, unix.ENOENT) && r.err == nil {
		r.err = fmt.Errorf("%q: %w", name, err)
	}
}

// remove removes one entry of a folder at the given level.
func (r *remover) remove(dir *os.File, name string, level int) error {
	err := unlink(dir, name)
	if err != unix.ENOTEMPTY || r.late() {
		return err
	}
	sub, err := openFolder(dir, name)
	if err != nil {
		return err
	}
	defer sub.Close()
	if level >= removeLevels {
		return r.moveUp(dir, name)
	}
	r.empty(sub, level+1)
	return unlink(dir, name)
}

// moveUp moves a deep folder to the top, under a name that no function can have
// taken.
func (r *remover) moveUp(dir *os.File, name string) error {
	err := retry(func() error {
		return unix.Renameat(int(dir.Fd()), name, int(r.top.Fd()), rand.Text())
	})
	r.moved = r.moved || err == nil
	return err
}
