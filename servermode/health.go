package servermode

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	// silentFor is how long the scheduler may keep silent.
	silentFor = 5 * time.Second
	// examineEvery is how often the host is tried out.
	examineEvery = time.Second
)

// health is what the janitor has seen. It is kept apart from the table's locks:
// it must be told also when one of them is never given back.
type health struct {
	mu    sync.Mutex // guards what follows
	last  time.Time  // a sweep was completed
	tried time.Time  // the host was tried out
	ill   string     // what is wrong with the host; empty: nothing
}

// beat records that a sweep was completed.
func (h *health) beat(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = now
}

func (h *health) due(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return now.Sub(h.tried) >= examineEvery
}

// examined records how the host is, and returns how it was.
func (h *health) examined(now time.Time, ill string) (was string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was, h.ill, h.tried = h.ill, ill, now
	return was
}

// reason says why new work is not welcome; empty: it is.
func (h *health) reason(now time.Time) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if silent := now.Sub(h.last); silent > silentFor {
		return fmt.Sprintf("the scheduler has not answered for %ds", int(silent.Seconds()))
	}
	return h.ill
}

// tryOut opens a descriptor and writes a byte, as an init would. The file goes
// at once, mostly before a disk has seen anything of it.
func tryOut(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, "room"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte{0})
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// complaint says for anybody what a failed try means: no path, no detail.
func complaint(err error) string {
	var number syscall.Errno
	var missing missingKind
	switch {
	case err == nil:
		return ""
	case errors.As(err, &missing):
		return missing.Error()
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "the server cannot open descriptors: raise its limit of open files"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the state folder has no room"
	case errors.As(err, &number):
		return "the state folder cannot be written to: " + number.Error()
	}
	return "the state folder cannot be written to"
}
