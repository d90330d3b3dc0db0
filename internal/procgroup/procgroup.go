//go:build !windows

// Package procgroup ends a program with what it has started.
package procgroup

import (
	"os/exec"
	"syscall"
)

// Own has a program start in a process group of its own.
func Own(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// Signal sends a signal to a program that has its own group, and to all in it.
func Signal(cmd *exec.Cmd, s syscall.Signal) error { return syscall.Kill(-cmd.Process.Pid, s) }
