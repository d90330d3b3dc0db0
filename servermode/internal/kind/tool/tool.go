// Package tool finds the programs of the host that kinds need: interpreters,
// compilers, installers. A program counts only if it runs as the user that will run
// it, because root's own may be in a folder that no other user can enter.
package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// FirstUsable looks candidates up and returns the first that answers ask, with its
// absolute path. The error says what each of them lacks.
func FirstUsable[T any](candidates []string, ask func(path string) (T, error)) (path string, answer T, err error) {
	var failed []string
	for _, candidate := range candidates {
		path, err := exec.LookPath(candidate)
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err == nil {
			answer, err = ask(path)
		}
		if err == nil {
			return path, answer, nil
		}
		failed = append(failed, fmt.Sprintf("%s: %v", candidate, err))
	}
	return "", answer, errors.New(strings.Join(failed, "; "))
}

// Try runs a program as functions will, as uid (-1: the server's own user). A root's
// own interpreter may be in a folder that no other user can enter.
func Try(uid int, path string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second // a child of the program may hold stdout
	cmd.Env, cmd.Dir = []string{"PATH=" + os.Getenv("PATH")}, "/"
	if uid >= 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	return cmd.Output()
}

// Around returns a program, its folder and the folder above that, both as named and
// by their real paths.
func Around(program string) (out []string) {
	if program == "" {
		return nil
	}
	paths := []string{program}
	if real, err := filepath.EvalSymlinks(program); err == nil && real != program {
		paths = append(paths, real)
	}
	for _, path := range paths {
		dir := filepath.Dir(path)
		out = append(out, filepath.Dir(dir), dir, path)
	}
	return out
}
