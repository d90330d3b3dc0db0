// Package host is the machine that the server runs on. It reads its memory, says in
// public words which fault of it made a start fail, and checks that it is fit for
// new work. It also holds the server's own folder: its lock, its id and its parts.
package host

import (
	"errors"
	"syscall"
)

// ErrStart is wrapped by a failed start for which the host is to blame, not the
// action: no memory, no disk, too many processes.
var ErrStart = errors.New("the server could not start the function")

// faults are resources that a host may lack, in public words: no path, no detail. A
// start that lacks one would fail here again at once, but may succeed at another
// server.
var faults = []struct {
	numbers []syscall.Errno
	words   string
}{
	{[]syscall.Errno{syscall.ENOSPC, syscall.EDQUOT}, "the server's disk is full: its owner has to make room in the state folder"},
	{[]syscall.Errno{syscall.EMFILE, syscall.ENFILE}, "the server cannot open more files: its owner has to raise the limit of open files"},
	{[]syscall.Errno{syscall.EROFS}, "the server's disk cannot be written to, it is read-only: its owner has to look after the state folder"},
	{[]syscall.Errno{syscall.EIO}, "the server's disk fails: its owner has to look after the state folder"},
}

// Fault returns what the host lacked; empty: the host is not to blame.
func Fault(err error) string {
	for _, fault := range faults {
		for _, number := range fault.numbers {
			if errors.Is(err, number) {
				return fault.words
			}
		}
	}
	return ""
}
