package daemon

import (
	"os"
	"os/signal"
	"syscall"
)

// terminal is the terminal that the process was started from, if it is to end
// with that terminal.
type terminal struct{ had bool }

// startedFrom looks for a terminal. A process that ignores SIGHUP, as under
// nohup, outlasts its terminal.
func startedFrom() terminal {
	return terminal{had: !signal.Ignored(syscall.SIGHUP) && hasTerminal()}
}

// ends reports whether a hang-up ends the process: its terminal is gone, or it
// is there and no file can be read again. Without a terminal, a hang-up is a
// request to reload.
func (t terminal) ends(canReload bool) bool {
	return t.had && (!canReload || !hasTerminal())
}

// hasTerminal reports whether the process has a controlling terminal. A
// terminal that was closed cannot be opened any more.
func hasTerminal() bool {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}
