// Package kind knows how code of each kind becomes a process: what it must
// look like, how it is laid out in the function's folder and what is started.
package kind

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
)

// Messages that the platform's own runtimes give and its users know.
const (
	noBinary    = "The action failed to generate or locate a binary. See logs for details."
	cannotStart = "Cannot start action. Check logs for details."
)

// ErrUnsupported is wrapped when a server cannot run a kind at all.
var ErrUnsupported = errors.New("kind is not supported")

// ActionError is the function author's fault. Message is the answer; Log, for
// the activation's stderr, says more.
type ActionError struct{ Message, Log string }

func (e *ActionError) Error() string { return e.Message }

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

// Site is where a function is made ready.
type Site struct {
	Dir    string            // the function's own folder, empty
	Tenant string            // what is built is shared by its functions only
	Env    map[string]string // the function's, for kinds that take hints from it
	Shop   *build.Shop       // builds programs and environments, and keeps them
	Limits artifact.Limits   // of the code's archive; zero: artifact.DefaultLimits
	Sink   build.Sink        // the init's logs
}

// Protocol is how a process is given runs.
type Protocol int

// Protocols of processes.
const (
	Lines  Protocol = iota // ActionLoop: a line in on stdin, a line out on descriptor 3
	Framed                 // our launchers': several runs at once, logs by run
	Web                    // HTTP on a port given to it
)

// Command is what to start for a function.
type Command struct {
	Path       string
	Args       []string
	Env        []string
	Dir        string // working directory
	WaitForAck bool
	Shielded   bool // see process.Spec
	Grace      time.Duration
	Protocol   Protocol
	Endpoint   Endpoint // of a Web one
	Fork       *Fork    // nil: it cannot be forked
	// Concurrency is how many runs one process takes at once; 0 means one.
	Concurrency int
	// Group, unless 0, is a group that the processes must be in.
	Group uint32
	// Close, unless nil, gives back what the command shares with others. It is
	// called after the last process has ended.
	Close func()
}

// Fork is what a process that has the kind's launcher loaded is told to become.
type Fork struct {
	Folder, Main, Venv string
	Apart              bool // the virtual environment hides the host's packages
}

// Code is a function's code, decoded.
type Code []byte

// Decode turns a code string as sent into the code. A source file is what it
// would be if it had been written by Linux tools.
func Decode(text []byte, binary bool) (Code, error) {
	if !binary {
		if damagedUTF16(text) {
			return nil, &ActionError{Message: cannotStart + " Cause: the action's file is UTF-16, which did not survive its way here as text: save it as UTF-8."}
		}
		return Code(unixScript(plainText(text))), nil
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(out, text)
	if err != nil {
		return nil, &ActionError{Message: fmt.Sprintf("The action's code is marked as binary but is no valid base64: %v.", err)}
	}
	return Code(unixScript(plainText(out[:n]))), nil
}

func (c Code) isArchive() bool { return artifact.IsZip(c) || artifact.IsTarGz(c) }
func (c Code) isELF() bool     { return bytes.HasPrefix(c, []byte("\x7fELF")) }
func (c Code) isScript() bool  { return bytes.HasPrefix(c, []byte("#!")) }

// Set is the kinds of a server, in the order in which they are asked.
type Set []Kind

// Resolve finds the kind that was asked for; when none was, the one that code
// looks like.
func (s Set) Resolve(requested string, code Code) (Kind, error) {
	if requested == "" {
		if artifact.IsZip(code) && len(artifact.Names(code)) == 0 {
			return nil, &ActionError{Message: "The action's kind was not given, and its zip is empty or broken."}
		}
		for _, k := range s {
			if k.Sniff(code) {
				return k, nil
			}
		}
		unknown := &ActionError{Message: fmt.Sprintf("The action's kind was not given and its code looks like none of %s.", s)}
		if artifact.IsZip(code) {
			unknown.Log = "Zip file does not include what tells its kind at its top: __main__.py (Python), package.json or index.js (Node), go.mod or a .go file (Go), exec (native)."
		}
		return nil, unknown
	}
	for _, k := range s { // what the owner named so goes before a family
		if k.Name() == strings.TrimSuffix(requested, gpuSuffix) {
			return k, nil
		}
	}
	for _, k := range s {
		if match, err := k.Match(requested); err != nil {
			return nil, err
		} else if match {
			return k, nil
		}
	}
	return nil, fmt.Errorf("%w: %.60q; this server runs %s", ErrUnsupported, requested, s)
}

// Check says whether a requested kind can be served, before its code is there.
func (s Set) Check(requested string) error {
	if requested == "" {
		return nil
	}
	_, err := s.Resolve(requested, nil)
	return err
}

// String lists the kinds for people.
func (s Set) String() string {
	names := make([]string, len(s))
	for i, k := range s {
		names[i] = k.Name()
	}
	return strings.Join(names, ", ")
}

// FunctionEnv is what a kind's suffix adds to the function's environment.
func FunctionEnv(requested string) map[string]string {
	if strings.HasSuffix(requested, gpuSuffix) {
		return map[string]string{"WHISKAWAY_GPU": "1"}
	}
	return nil
}

// gpuSuffix marks the GPU variant of a kind: python:3-gpu.
const gpuSuffix = "-gpu"
