package conformance

import (
	"context"
	"slices"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/cases/common"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/cases/native"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/cases/node"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/cases/python"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/code"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// The kinds for which the cases have action code.
const (
	Python = code.Python // "python:3"
	Node   = code.Node   // "nodejs:default", whichever version the host has
	Go     = code.Go     // "go:1"
	Native = code.Native // "native"
)

// Kinds lists the kinds that [For] knows.
func Kinds() []string { return []string{Python, Node, Go, Native} }

// Case is one behaviour to check.
type Case struct {
	// ID names the case: lower-case words joined by hyphens, unique.
	ID string
	// Group is the heading that the behaviour stands under.
	Group string
	// Behaviour says in one line how the runtime should behave.
	Behaviour string
	// Kind is the kind whose action code the case sends. It is empty in the
	// list of Cases for a case that is meant for every kind.
	Kind string
	// Own marks a demand that goes beyond the platform's own suites.
	Own bool
	// Needs is what the target must provide; otherwise it is not checked.
	Needs Need
	// Env is the environment of the case's container.
	Env map[string]string

	run func(ctx context.Context, s *session.Session) error
}

// Cases returns all cases. Those for every kind have an empty Kind.
func Cases() []Case {
	return slices.Concat(
		grouped("All runtimes", "", common.All()),
		grouped("Context", "", common.Context()),
		grouped("Logs", "", common.Logs()),
		grouped("Errors", "", common.Errors()),
		grouped("Limits", "", common.Limits()),
		grouped("Archives", "", common.Archives()),
		grouped("Python", Python, python.Cases()),
		grouped("Node", Node, node.Cases()),
		grouped("Go and native", Go, native.Go()),
		grouped("Go and native", Native, native.Cases()),
		grouped("Whiskaway", "", common.Whiskaway()),
	)
}

// For returns the cases for a target that serves the kind: the kind's own
// cases, and those for every kind with their Kind set.
func For(kind string) []Case {
	var chosen []Case
	for _, c := range Cases() {
		if c.Kind != "" && c.Kind != kind {
			continue
		}
		c.Kind = kind
		chosen = append(chosen, c)
	}
	return chosen
}

func grouped(group, kind string, specs []session.Spec) []Case {
	cases := make([]Case, len(specs))
	for i, s := range specs {
		cases[i] = Case{ID: s.ID, Group: group, Behaviour: s.Behaviour, Kind: kind, Own: s.Own, Needs: Need(s.Needs), Env: s.Env, run: s.Run}
	}
	return cases
}

// KeepsFresh reports whether a container that passes the case is still
// uninitialised, so that the next case can use it too. It serves runtimes of
// which there is only one container.
func (c Case) KeepsFresh() bool {
	return slices.Contains([]string{"init-empty-code", "init-no-value", "init-malformed", "init-bad-base64"}, c.ID)
}
