package sandbox

import "syscall"

// Exited returns how the group's process ended, after Wait. It returns false where
// that is unknown: the parent of a forked process is gone.
func (g *Group) Exited() (status syscall.WaitStatus, known bool) {
	if g.child != nil {
		parent, tells := g.child.(interface {
			Exited() (syscall.WaitStatus, bool)
		})
		if !tells || g.lost {
			return 0, false
		}
		return parent.Exited()
	}
	if g.cmd == nil || g.cmd.ProcessState == nil {
		return 0, false
	}
	status, known = g.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return status, known
}
