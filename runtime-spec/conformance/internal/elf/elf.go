// Package elf makes the running program usable as an action that is an ELF
// program. The cases then need no compiler.
package elf

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// Variable, in an action's env, asks the program to be that action.
const Variable = "WHISKAWAY_CONFORMANCE_ACTION"

// Echo is the action that echoes its argument.
const Echo = "echo"

// WillAct is set once the running program has called ActIfAsked.
var WillAct atomic.Bool

// ActIfAsked is conformance.ActIfAsked.
func ActIfAsked() {
	WillAct.Store(true)
	name := os.Getenv(Variable)
	if name == "" {
		return
	}
	if err := be(name); err != nil {
		fmt.Fprintln(os.Stderr, "action:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func be(name string) error {
	if name != Echo {
		return fmt.Errorf("there is no action %q", name)
	}
	results := os.NewFile(3, "results")
	if os.Getenv("__OW_WAIT_FOR_ACK") != "" {
		if _, err := io.WriteString(results, `{"ok":true}`+"\n"); err != nil {
			return err
		}
	}
	return echoLines(os.Stdin, results)
}

// echoLines answers every line with its "value".
func echoLines(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var run struct {
			Value json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(line, &run); err != nil {
			return err
		}
		if run.Value == nil {
			run.Value = json.RawMessage(`{}`)
		}
		if _, err := out.Write(append(run.Value, '\n')); err != nil {
			return err
		}
	}
}
