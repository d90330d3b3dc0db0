package sandbox

import "syscall"

// Exited is how the cell's process ended, after Wait; false where nobody has told:
// the parent of one that was forked is gone.
func (c *Cell) Exited() (status syscall.WaitStatus, known bool) {
	if c.child != nil {
		parent, tells := c.child.(interface {
			Exited() (syscall.WaitStatus, bool)
		})
		if !tells || c.lost {
			return 0, false
		}
		return parent.Exited()
	}
	if c.cmd == nil || c.cmd.ProcessState == nil {
		return 0, false
	}
	status, known = c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return status, known
}
