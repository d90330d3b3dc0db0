package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// silentFor is how long a sweep may take.
const silentFor = 5 * time.Second

// Health is the janitor's findings. It takes none of the table's locks, so it
// answers even when one of them is never released.
type Health struct {
	mu   sync.Mutex // guards what follows
	last time.Time  // the last completed sweep
	ill  string     // what is wrong with the host; empty: nothing
}

// Beat records that a sweep was completed.
func (h *Health) Beat(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = now
}

// examined records the host's condition, and returns the one before.
func (h *Health) examined(ill string) (was string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was, h.ill = h.ill, ill
	return was
}

// Reason returns why new work is refused; empty: new work is welcome.
func (h *Health) Reason(now time.Time) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if silent := now.Sub(h.last); silent > silentFor {
		return fmt.Sprintf("the scheduler has not answered for %ds", int(silent.Seconds()))
	}
	return h.ill
}

// TryOut opens a descriptor and writes a byte in dir, as an init would. It removes
// the file at once, mostly before it reaches a disk.
func TryOut(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, "room"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte{0})
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// Unfit is a reason why the host cannot serve, in public words.
type Unfit string

func (u Unfit) Error() string { return string(u) }

// complaint describes a failed try in public words: no path, no detail.
func complaint(err error) string {
	var number syscall.Errno
	var unfit Unfit
	switch {
	case err == nil:
		return ""
	case errors.As(err, &unfit):
		return unfit.Error()
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "the server cannot open descriptors: raise its limit of open files"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the state folder has no room"
	case errors.As(err, &number):
		return "the state folder cannot be written to: " + number.Error()
	}
	return "the state folder cannot be written to"
}
