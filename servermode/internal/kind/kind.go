// Package kind says what a kind of function is: how its code is recognised, laid
// out in the function's folder and built, and what is started then. Each kind has
// a folder of its own below this one.
package kind

import "context"

// Kind is one kind of function.
type Kind interface {
	// Name is how the server calls it.
	Name() string
	// Match reports whether a requested kind is this one, with an error if it
	// is but the host cannot serve that version.
	Match(requested string) (bool, error)
	// Sniff reports whether code looks like this kind.
	Sniff(code Code) bool
	// Prepare lays code out at the site and builds what it needs.
	Prepare(ctx context.Context, site Site, code Code, main string) (Command, error)
	// StartError is what the caller and the log are told when the prepared
	// command did not start; ack is the line it sent instead of an ack.
	StartError(err error, ack string) *ActionError
}

// Stands is a kind that stands on files of the host: without one of them no
// function of it starts.
type Stands interface {
	Kind
	On() []string // absolute paths
}
