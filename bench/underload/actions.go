package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// pythonSleeper is the Python action of the figure about pools.
const pythonSleeper = `import os, time

def main(args):
    time.sleep(args["sleep"] / 1000)
    return {"pid": os.getpid()}
`

// acted is what an action reports about a run.
type acted struct {
	ID    string  `json:"id"`
	PID   int     `json:"pid"`
	Twice int     `json:"twice"`
	Took  float64 `json:"took"` // milliseconds in the function
	Slow  bool    `json:"slow"` // at a slow server
	Error string  `json:"error"`
}

func (a answer) acted() (out acted, err error) {
	if err = json.Unmarshal(a.result, &out); err == nil && out.Error != "" {
		err = fmt.Errorf("the action failed: %s", out.Error)
	}
	return out, err
}

// action returns the native action that obeys each run.
func (r *rig) action(env map[string]string) *function {
	return &function{kind: "native", code: r.native, binary: true, env: env}
}

func sleeper(r *rig, kind string, env map[string]string) *function {
	if kind == "native" {
		return r.action(env)
	}
	return &function{kind: kind, code: pythonSleeper, env: env}
}

// small returns the i-th of many functions: 1 KB of source, unlike any other.
func small(kind string, i int) *function {
	text := fmt.Sprintf("def main(args):\n    return {'n': %d}\n", i)
	if kind == "native" {
		text = fmt.Sprintf("#!/bin/sh\nwhile IFS= read -r line; do echo '{\"n\":%d}' >&3; done\n", i)
	}
	return &function{kind: kind, code: text + strings.Repeat("#", 1024-len(text)-1) + "\n"}
}
