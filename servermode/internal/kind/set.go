package kind

import (
	"fmt"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
)

// Set is the kinds of a server, in the order in which they are asked.
type Set []Kind

// Resolve returns the kind that was requested; without a request, the kind that code
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
	for _, k := range s { // a kind that the owner named goes before a family
		if k.Name() == strings.TrimSuffix(requested, GPUSuffix) {
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

// Check reports whether a requested kind can be served, before its code has arrived.
func (s Set) Check(requested string) error {
	if requested == "" {
		return nil
	}
	_, err := s.Resolve(requested, nil)
	return err
}

// String lists the kinds.
func (s Set) String() string {
	names := make([]string, len(s))
	for i, k := range s {
		names[i] = k.Name()
	}
	return strings.Join(names, ", ")
}
