// Package code has the actions that the common cases send, in the language of
// each kind. The actions of a field of Code do the same in every language.
package code

// Code is the actions of one kind that the common cases send.
type Code struct {
	Echo      string // returns its argument
	Niam      string // the same, the main function is called niam
	Logs      string // prints "hello stdout" and "hello stderr", returns its argument
	Winter    string // prints its argument's delimiter, " ☃ ", the delimiter, and returns the same under "winter"
	Give      string // returns its argument's "result"
	Environ   string // returns SOME_VAR and EMPTY_VAR as they were at init
	Context   string // returns the activation's context, see contextOf
	Noisy     string // prints noise on both streams, returns {}
	OpenEnded string // prints "no newline" without one on both streams, returns {}
	Mortal    string // echo; if its argument has "die", prints "last words" on stdout and dies
	Slow      string // prints "once", takes a second, returns a unique "nonce" and its argument as "value"
	Broken    string // cannot be started
	// Archived is the file that an archive must have; Echo is valid content for it.
	Archived string
	// Numbers is an argument whose numbers the language keeps; empty: it keeps all.
	Numbers string
}

// Kinds that have code.
const (
	Python = "python:3"
	Node   = "nodejs:default" // in the version that the host has
	Go     = "go:1"
	Native = "native"
)

// ByKind is the code of each kind.
var ByKind = map[string]Code{
	Python: PythonCode,
	Node:   nodeCode,
	Go:     goCode,
	Native: NativeCode,
}
