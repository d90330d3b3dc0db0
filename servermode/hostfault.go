package servermode

import (
	"errors"
	"strings"
	"syscall"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

// hostFaults are what a host may lack, in words for anybody: no path, no detail.
// What lacks them fails here again at once; elsewhere it may not.
var hostFaults = []struct {
	numbers []syscall.Errno
	words   string
}{
	{[]syscall.Errno{syscall.ENOSPC, syscall.EDQUOT}, "the server's disk is full: its owner has to make room in the state folder"},
	{[]syscall.Errno{syscall.EMFILE, syscall.ENFILE}, "the server cannot open more files: its owner has to raise the limit of open files"},
	{[]syscall.Errno{syscall.EROFS}, "the server's disk cannot be written to, it is read-only: its owner has to look after the state folder"},
	{[]syscall.Errno{syscall.EIO}, "the server's disk fails: its owner has to look after the state folder"},
}

// hostFault says what the host lacked; empty: that is not what failed.
func hostFault(err error) string {
	for _, fault := range hostFaults {
		for _, number := range fault.numbers {
			if errors.Is(err, number) {
				return fault.words
			}
		}
	}
	return ""
}

// full is what programs say of a disk without room.
var full = []string{"No space left on device", "Disk quota exceeded", "ENOSPC", "EDQUOT"}

// blameHost makes a failure the host's that a tool has met in the action's name: pip
// has no room to install, say. An action that fills what is its own has filled no
// disk of the server's.
func (s *Server) blameHost(err error) error {
	var problem *kind.ActionError
	if !errors.As(err, &problem) {
		return err
	}
	for _, words := range full {
		if strings.Contains(problem.Message+problem.Log, words) {
			return errors.Join(err, tryOut(s.state.dir))
		}
	}
	return err
}
