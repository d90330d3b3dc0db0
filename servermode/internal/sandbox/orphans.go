package sandbox

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Orphans makes this process the reaper of its descendants: a process whose parent
// ended first stays in its reach. It is only for a daemon without children other
// than the sandbox's.
type Orphans struct {
	notify chan os.Signal
	done   sync.WaitGroup
}

// AdoptOrphans starts reaping.
func AdoptOrphans() (*Orphans, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, err
	}
	adopting.Store(true)
	o := &Orphans{notify: make(chan os.Signal, 1)}
	signal.Notify(o.notify, syscall.SIGCHLD)
	o.done.Go(func() {
		for range o.notify {
			reapOrphans()
		}
	})
	return o, nil
}

// reapOrphans waits for dead orphans only. It never calls wait4(-1), which would
// take the exit status of a process that is waited for.
func reapOrphans() {
	orphans(processes, os.Getpid(), func(p proc) {
		if p.zombie {
			_, _ = syscall.Wait4(p.pid, nil, syscall.WNOHANG, nil)
		}
	})
}

// Close stops reaping and hands later orphans to the next reaper up.
func (o *Orphans) Close() {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	adopting.Store(false)
	signal.Stop(o.notify)
	close(o.notify)
	o.done.Wait()
}
