//go:build !windows

// Package procgroup ends a program together with the processes that it started.
package procgroup

import (
	"os/exec"
	"syscall"
)

// Own makes a program start in its own process group.
func Own(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// Signal sends a signal to a program with its own group, and to all processes
// in it.
func Signal(cmd *exec.Cmd, s syscall.Signal) error { return syscall.Kill(-cmd.Process.Pid, s) }
