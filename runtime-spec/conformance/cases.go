package conformance

import (
	"context"
	"slices"
)

// The kinds that the cases bring action code for.
const (
	Python = "python:3"
	Node   = "nodejs:default" // whichever version the host has
	Go     = "go:1"
	Native = "native"
)

// Kinds lists the kinds that [For] knows.
func Kinds() []string { return []string{Python, Node, Go, Native} }

// Case is one behaviour to check.
type Case struct {
	// ID names the case: lower-case words joined by hyphens, unique.
	ID string
	// Group is the heading that the behaviour stands under.
	Group string
	// Behaviour says in one line what is expected of the runtime.
	Behaviour string
	// Kind is the kind whose action code the case sends. It is empty in
	// Cases for a case that is meant for every kind.
	Kind string
	// Own marks a demand that goes beyond the platform's own suites.
	Own bool
	// Needs is what the target must provide; otherwise it is not checked.
	Needs Need
	// Env is the environment of the case's container.
	Env map[string]string

	run func(ctx context.Context, s *session) error
}

// Groups of cases, in the order of Cases.
const (
	groupAll       = "All runtimes"
	groupContext   = "Context"
	groupLogs      = "Logs"
	groupErrors    = "Errors"
	groupLimits    = "Limits"
	groupArchives  = "Archives"
	groupPython    = "Python"
	groupNode      = "Node"
	groupNative    = "Go and native"
	groupWhiskaway = "Whiskaway"
)

// Cases returns all cases, those for every kind with an empty Kind.
func Cases() []Case {
	return slices.Concat(
		grouped(groupAll, "", allCases()),
		grouped(groupContext, "", contextCases()),
		grouped(groupLogs, "", logCases()),
		grouped(groupErrors, "", errorCases()),
		grouped(groupLimits, "", limitCases()),
		grouped(groupArchives, "", archiveCases()),
		grouped(groupPython, Python, slices.Concat(pythonCases(), pythonProcessCases())),
		grouped(groupPython, Python, pythonArchiveCases()),
		grouped(groupNode, Node, nodeCases()),
		grouped(groupNode, Node, nodeLifeCases()),
		grouped(groupNode, Node, nodeArchiveCases()),
		grouped(groupNode, Node, nodeConcurrentCases()),
		grouped(groupNative, Go, goCases()),
		grouped(groupNative, Native, nativeCases()),
		grouped(groupNative, Native, nativeStartCases()),
		grouped(groupWhiskaway, "", whiskawayCases()),
	)
}

// For returns the cases for a target that serves the kind: those of the kind
// itself and those for every kind, which then carry the kind.
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

func grouped(group, kind string, cases []Case) []Case {
	for i := range cases {
		cases[i].Group = group
		cases[i].Kind = kind
	}
	return cases
}
