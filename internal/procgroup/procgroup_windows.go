// Package procgroup ends a program together with the processes that it started.
// Windows has no process groups to signal, so here it ends the program alone.
package procgroup

import (
	"os/exec"
	"syscall"
)

// Own changes nothing.
func Own(*exec.Cmd) {}

// Signal ends the program, whatever the signal.
func Signal(cmd *exec.Cmd, _ syscall.Signal) error { return cmd.Process.Kill() }
