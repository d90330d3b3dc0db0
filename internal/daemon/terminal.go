package daemon

import (
	"os"
	"os/signal"
	"syscall"
)

// terminal is the one that the process was started from, if it is to end with
// that.
type terminal struct{ had bool }

// startedFrom looks for a terminal. A process that ignores SIGHUP, as under nohup,
// is meant to outlast its terminal.
func startedFrom() terminal {
	return terminal{had: !signal.Ignored(syscall.SIGHUP) && hasTerminal()}
}

// ends reports whether a hang-up ends the process: its terminal is gone, or it
// is there and nothing can be read again. Without a terminal a hang-up comes from
// whoever wants settings read again.
func (t terminal) ends(canReload bool) bool {
	return t.had && (!canReload || !hasTerminal())
}

// hasTerminal reports whether the process has a controlling terminal. One that
// was closed cannot be opened any more.
func hasTerminal() bool {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}
