// Package kind says what a kind of function is: how its code is recognised, laid out
// in the function's folder and built, and what is started then. It decodes code,
// finds the kind that was requested or that code looks like, and mends texts from
// Windows. Each kind has a folder of its own below this one.
package kind

import "context"

// Kind is one kind of function.
type Kind interface {
	// Name returns the server's name for the kind.
	Name() string
	// Match reports whether a requested kind is this one. It returns an error if it
	// is, but the host cannot serve that version.
	Match(requested string) (bool, error)
	// Sniff reports whether code looks like this kind.
	Sniff(code Code) bool
	// Prepare lays code out at the site and builds what it needs.
	Prepare(ctx context.Context, site Site, code Code, main string) (Command, error)
	// StartError returns what the caller and the log are told when the prepared
	// command did not start. ack is the line that it sent instead of an ack.
	StartError(err error, ack string) *ActionError
}

// Stands is a kind that depends on files of the host. Without one of them, none of
// its functions starts.
type Stands interface {
	Kind
	On() []string // absolute paths
}
