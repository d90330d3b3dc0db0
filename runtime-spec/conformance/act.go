package conformance

import "github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/elf"

// ActionVariable, in an action's env, asks the program to be that action.
const ActionVariable = elf.Variable

// ActIfAsked makes the running program usable as the ELF action of a case. Call
// it first thing in main or TestMain. If a runtime under test has started the
// program as an action, it is that action and does not return. Without the call,
// the cases that need such a program are not checked.
func ActIfAsked() { elf.ActIfAsked() }
