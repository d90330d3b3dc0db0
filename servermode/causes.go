package servermode

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// explain adds to the end of a process what the server knows of its cause.
func (s *Server) explain(err error) error {
	var exit *process.ExitError
	if !errors.As(err, &exit) || !exit.Status.Signaled() {
		return err
	}
	cause := ""
	switch signal := exit.Status.Signal(); {
	case signal == syscall.SIGKILL && s.oom.lately():
		cause = "probably for want of memory: the kernel has just ended processes here for that"
	case signal == syscall.SIGXFSZ && s.cfg.Limits.FileSize > 0:
		cause = fileLimit(s.cfg.Limits.FileSize)
	}
	if cause == "" {
		return err
	}
	return &process.ExitError{Status: exit.Status, Cause: cause}
}

func fileLimit(bytes int64) string {
	return fmt.Sprintf("a file may have %d bytes on this server (--max-file-size)", bytes)
}

// hintAt tells an author whose program has caught what the limit of files did to
// it, and made an error of it, whose limit it is.
func (s *Server) hintAt(result []byte, sink function.Sink) {
	const longest = 64 << 10 // no larger result is about this alone
	most := s.cfg.Limits.FileSize
	if most == 0 || len(result) > longest || !runtimespec.IsError(result) {
		return
	}
	if bytes.Contains(bytes.ToLower(result), []byte("file too large")) { // EFBIG, in C's words
		sink.Log(runtimespec.Stderr, []byte(fileLimit(most)+"\n"))
	}
}

// oomWatch tells whether the kernel has just ended processes for want of memory,
// on the host or in the server's control group.
type oomWatch struct {
	count func() int64 // since the boot

	mu           sync.Mutex // guards what follows
	last, before int64      // at the last two looks
	looked       bool
}

// look is to be called once in a while: lately goes back to the look before the
// last.
func (o *oomWatch) look() {
	now := o.count()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.before, o.last = o.last, now; !o.looked {
		o.before, o.looked = now, true
	}
}

func (o *oomWatch) lately() bool {
	now := o.count()
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.looked && now > o.before
}

// oomKills counts them for the server's control group, or, where that is the
// host's own, for the host.
func oomKills() int64 {
	for _, dir := range memoryGroups() {
		if n, ok := numbersIn(dir + "/memory.events")["oom_kill"]; ok {
			return n
		}
	}
	return numbersIn("/proc/vmstat")["oom_kill"]
}
