package build

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// A place is made/DIGEST: in it the folder that was built, under a name that no
// function can guess, and, when it is finished, a file that gives that name.
// Builds stay where they were made, because many know their own path.
const readyFile = "ready"

// place is where an order's result belongs.
func (s *Shop) place(order Order) string {
	sum := sha256.New()
	for _, part := range []string{s.cfg.Dir, order.Tenant, order.Key} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func (s *Shop) newPlace(place string) (dir string, err error) {
	at := s.path("made", place)
	if err := errors.Join(os.MkdirAll(at, 0o711), os.Chmod(at, 0o711)); err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp(at, ""); err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// finished returns a place's product, if it has one; the caller holds mu.
func (s *Shop) finished(place string) *Product {
	made, ok := s.look(place)
	if !ok {
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(s.path("made", place, readyFile), now, now)
	s.used[place]++
	released := false
	return &Product{Dir: made.dir, Release: func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if released {
			return
		}
		released = true
		if s.used[place]--; s.used[place] == 0 {
			delete(s.used, place)
		}
	}}
}

// made is one finished build.
type made struct {
	place string
	dir   string
	size  int64
	used  time.Time
}

func (s *Shop) look(place string) (m made, ok bool) {
	marker := s.path("made", place, readyFile)
	text, err := os.ReadFile(marker)
	if err != nil {
		return m, false
	}
	name := ""
	if _, err := fmt.Sscanf(string(text), "%s %d\n", &name, &m.size); err != nil || name != filepath.Base(name) {
		return m, false
	}
	m.place, m.dir = place, s.path("made", place, name)
	info, err := os.Stat(marker)
	if err != nil || !isDir(m.dir) {
		return m, false
	}
	m.used = info.ModTime()
	return m, true
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// finish takes a job's folder away from its user, who may not change what
// others will run, and announces it.
func (s *Shop) finish(place string, j *Job) error {
	size, err := j.seal()
	if err != nil {
		return err
	}
	tmp := filepath.Join(filepath.Dir(j.Dir), "new")
	if err := os.WriteFile(tmp, fmt.Appendf(nil, "%s %d\n", filepath.Base(j.Dir), size), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, s.path("made", place, readyFile))
}

// seal makes the job's folder the server's own, for others to read, and returns
// its size. What is not the job's user's is left as it is: it may be a hard link
// to a file of somebody else's.
func (j *Job) seal() (size int64, err error) {
	err = filepath.WalkDir(j.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		size += info.Size()
		owner, _ := info.Sys().(*syscall.Stat_t)
		if j.user != nil && (owner == nil || owner.Uid != j.user.ID) {
			return nil
		}
		if err := os.Lchown(path, os.Getuid(), os.Getgid()); err != nil || info.Mode()&fs.ModeSymlink != 0 {
			return err
		}
		mode := fs.FileMode(0o644)
		if info.IsDir() || info.Mode()&0o111 != 0 {
			mode = 0o755
		}
		return os.Chmod(path, mode) // no setuid, nothing that others can write
	})
	return size, err
}

// evict removes what was unused for longest until the rest fits.
func (s *Shop) evict(keep string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []made
	var total int64
	for _, place := range s.places() {
		if m, ok := s.look(place); ok {
			all = append(all, m)
			total += m.size
		}
	}
	slices.SortFunc(all, func(a, b made) int { return a.used.Compare(b.used) })
	for _, m := range all {
		if total <= s.cfg.MaxBytes {
			return
		}
		if m.place == keep || s.used[m.place] > 0 || s.running[m.place] != nil {
			continue
		}
		if sandbox.RemoveTree(s.path("made", m.place)) == nil {
			total -= m.size
		}
	}
}

func (s *Shop) places() (out []string) {
	entries, _ := os.ReadDir(s.path("made"))
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// removeUnfinished clears away what a killed server was building.
func (s *Shop) removeUnfinished() (err error) {
	for _, place := range s.places() {
		m, ok := s.look(place)
		entries, _ := os.ReadDir(s.path("made", place))
		for _, e := range entries {
			if !ok || (e.Name() != readyFile && e.Name() != filepath.Base(m.dir)) {
				err = errors.Join(err, sandbox.RemoveTree(s.path("made", place, e.Name())))
			}
		}
		if !ok {
			err = errors.Join(err, os.Remove(s.path("made", place)))
		}
	}
	scratch, _ := filepath.Glob(s.path("scratch-*"))
	for _, dir := range scratch {
		err = errors.Join(err, sandbox.RemoveTree(dir))
	}
	return err
}
