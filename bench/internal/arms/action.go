package arms

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
)

// Action is code as the platform has it.
type Action struct {
	Kind   string // as our client container is told
	Code   string // base64 if Binary
	Binary bool
	Env    map[string]string
	// Concurrent says that a container gets several runs at once, as the
	// platform announces.
	Concurrent bool

	source string // the same as source of the kind python:3; empty: there is none
}

// Native returns the action that answers its value, as a program.
func (r *Rig) Native() (Action, error) {
	program, err := os.ReadFile(r.own("echo"))
	return Action{Kind: "native", Code: base64.StdEncoding.EncodeToString(program), Binary: true}, err
}

//go:embed echo.py
var script string

// source is what the script does, as the platform's authors write it.
const source = "def main(args):\n    return args\n"

// ErrNoPython means that there is no interpreter where functions can run it.
var ErrNoPython = errors.New("neither /usr/bin/python3 nor /usr/local/bin/python3 is there")

// Python returns the action that answers its value, as a Python script that speaks
// ActionLoop: the same file in all arms but python:3.
func Python() (Action, error) {
	for _, interpreter := range []string{"/usr/bin/python3", "/usr/local/bin/python3"} {
		if _, err := os.Stat(interpreter); err == nil {
			return Action{Kind: "native", Code: "#!" + interpreter + "\n" + script, source: source}, nil
		}
	}
	return Action{}, ErrNoPython
}

// Sized returns the native action in an incompressible zip of about the given
// number of bytes.
func (r *Rig) Sized(size int) (Action, error) {
	program, err := os.ReadFile(r.own("echo"))
	if err != nil {
		return Action{}, err
	}
	filler := make([]byte, max(0, size-len(program)))
	_, _ = rand.NewChaCha8([32]byte{}).Read(filler) // never fails
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range map[string][]byte{"exec": program, "weights": filler} {
		header := &zip.FileHeader{Name: name, Method: zip.Store}
		header.SetMode(0o755)
		f, err := w.CreateHeader(header)
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			return Action{}, err
		}
	}
	err = w.Close()
	return Action{Kind: "native", Code: base64.StdEncoding.EncodeToString(out.Bytes()), Binary: true}, err
}

// Small returns the i-th of many functions, no two of which are the same: a shell
// script of 1 KB.
func Small(i int) Action {
	text := fmt.Sprintf("#!/bin/sh\necho '{\"ok\":true}' >&3\nwhile IFS= read -r line; do echo '{\"n\":%d}' >&3; done\n", i)
	return Action{Kind: "native", Code: text + string(bytes.Repeat([]byte("#"), 1024-len(text)))}
}

// With returns the action with one more variable.
func (a Action) With(key, value string) Action {
	env := maps.Clone(a.Env)
	if env == nil {
		env = map[string]string{}
	}
	env[key] = value
	a.Env = env
	return a
}

// fit returns the action as the arm has it. One process serves all runs unless
// the action says otherwise, in every arm.
func (a *Arm) fit(action Action) Action {
	if a.python && action.source != "" {
		action.Kind, action.Code, action.Binary = "python:3", action.source, false
	}
	if action.Env["WHISKAWAY_MAX_INSTANCES"] == "" {
		action = action.With("WHISKAWAY_MAX_INSTANCES", "1")
	}
	return action
}

func (a Action) initBody(main string) []byte {
	env := map[string]string{"__OW_NAMESPACE": "guest", "__OW_ACTION_NAME": "/guest/bench", "__OW_ACTION_VERSION": "0.0.1"}
	maps.Copy(env, a.Env)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(map[string]any{"value": map[string]any{ // strings cannot fail
		"name": "bench", "main": main, "binary": a.Binary, "code": a.Code, "env": env,
	}})
	return out.Bytes()
}
