package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// rig is what the figures share: the binaries, the native action, and a folder
// that functions, which are users of their own, can pass through.
type rig struct {
	bins   string
	rounds int
	phase  time.Duration

	dir    string
	native string // the native action in base64
}

// actionPackage is the native action that most figures run.
const actionPackage = "github.com/whiskaway/whiskaway/bench/underload/action"

func (r *rig) open() (err error) {
	for _, name := range []string{"clientmode", "loadbalancer", "servermode"} {
		if _, err := os.Stat(filepath.Join(r.bins, name)); err != nil {
			return fmt.Errorf("%w: call make build first, or say where the binaries are with --bin", err)
		}
	}
	if r.dir, err = os.MkdirTemp("/var/tmp", "whiskaway-bench-"); err != nil {
		return err
	}
	if err := os.Chmod(r.dir, 0o711); err != nil {
		return errors.Join(err, r.close())
	}
	binary := filepath.Join(r.dir, "action")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, actionPackage)
	build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	if err := build.Run(); err != nil {
		return errors.Join(fmt.Errorf("building the native action: %w", err), r.close())
	}
	code, err := os.ReadFile(binary)
	r.native = base64.StdEncoding.EncodeToString(code)
	return err
}

func (r *rig) close() error { return os.RemoveAll(r.dir) }

// roundsOr returns how many rounds are measured, phaseOr how long a phase lasts.
func (r *rig) roundsOr(own int) int {
	if r.rounds > 0 {
		return r.rounds
	}
	return own
}

func (r *rig) phaseOr(own time.Duration) time.Duration {
	if r.phase > 0 {
		return r.phase
	}
	return own
}
