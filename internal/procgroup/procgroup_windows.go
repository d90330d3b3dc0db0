// Package procgroup ends a program with what it has started. Windows has no process
// groups to signal: here it ends the program alone.
package procgroup

import (
	"os/exec"
	"syscall"
)

// Own changes nothing.
func Own(*exec.Cmd) {}

// Signal ends the program, whatever the signal.
func Signal(cmd *exec.Cmd, _ syscall.Signal) error { return cmd.Process.Kill() }
