package conformance

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// ActionVariable, in an action's env, asks the program to be that action.
const ActionVariable = "WHISKAWAY_CONFORMANCE_ACTION"

const echoAction = "echo"

// willAct is set once the running program is known to act when it is asked to.
var willAct atomic.Bool

// ActIfAsked makes the running program usable as the ELF action of a case: it
// is called first thing in main or TestMain. If the program was started as an
// action, by a runtime under test, it is that action and does not return.
// Without the call, the cases that need such a program are not checked.
func ActIfAsked() {
	willAct.Store(true)
	name := os.Getenv(ActionVariable)
	if name == "" {
		return
	}
	if err := act(name); err != nil {
		fmt.Fprintln(os.Stderr, "action:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func act(name string) error {
	if name != echoAction {
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

// echoLines answers every line with what it has under "value".
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
