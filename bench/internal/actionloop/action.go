// Package actionloop starts an action's process and exchanges lines with it, as
// plainly as possible. It is the baseline for the runtimes.
package actionloop

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// Ack is the first line of an action that has to acknowledge its start.
const Ack = `{"ok":true}`

// Action is a running process. It serves one caller at a time.
type Action struct {
	in, out *os.File
}

// Start writes the action of a platform's init to a folder and starts it. It
// returns when the action says that it is ready. The process ends with its
// stdin.
func Start(init []byte, dir string) (*Action, error) {
	var body struct {
		Value struct {
			Code   string
			Binary bool
			Env    map[string]string
		}
	}
	if err := json.Unmarshal(init, &body); err != nil {
		return nil, err
	}
	code := []byte(body.Value.Code)
	if body.Value.Binary {
		var err error
		if code, err = base64.StdEncoding.DecodeString(body.Value.Code); err != nil {
			return nil, err
		}
	}
	path := filepath.Join(dir, "exec")
	if err := os.WriteFile(path, code, 0o700); err != nil {
		return nil, err
	}
	env := []string{"__OW_WAIT_FOR_ACK=1"}
	for key, value := range body.Value.Env {
		env = append(env, key+"="+value)
	}
	return start(exec.Command(path), env)
}

func start(cmd *exec.Cmd, env []string) (*Action, error) {
	stdin, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, result, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles, cmd.Env = []*os.File{result}, env
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	_, _ = stdin.Close(), result.Close()
	go func() { _ = cmd.Wait() }()
	a := &Action{in, out}
	line, err := a.Read(nil)
	var ack struct{ OK bool }
	if err == nil && (json.Unmarshal(line, &ack) != nil || !ack.OK) {
		err = fmt.Errorf("the action began with %.60q in place of %s", line, Ack)
	}
	return a, err
}

// Write sends the action a line, which must include its newline.
func (a *Action) Write(p []byte) (int, error) { return a.in.Write(p) }

// Read returns the action's next line with its newline. It uses buf unless that
// is too short.
func (a *Action) Read(buf []byte) ([]byte, error) {
	for buf = slices.Grow(buf[:0], 512); ; {
		n, err := a.out.Read(buf[len(buf):cap(buf)])
		if buf = buf[:len(buf)+n]; n > 0 && buf[len(buf)-1] == '\n' {
			return buf, nil
		}
		if err != nil {
			return buf, fmt.Errorf("the action ended: %w", err)
		}
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, cap(buf))
		}
	}
}
