package python

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

// Requirements is a requirements.txt, normalised: files with the same requirements
// are equal.
type Requirements []string

var (
	// requirementName matches the start of a requirement.
	requirementName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*`)
	separators      = regexp.MustCompile(`[-_.]+`)
	spaces          = regexp.MustCompile(`\s+`)
	wholeComment    = regexp.MustCompile(`(?m)^[ \t]*#.*$`)
	comment         = regexp.MustCompile(`(^|\s)#.*$`)
	// elsewhere matches lines that name another file of the action. A shared
	// environment cannot depend on one.
	elsewhere = regexp.MustCompile(`^(-[rce]|--(req|con|edit))|^(\.|[/\\]|[A-Za-z]:[/\\]|file:)|@ *(file:|\.|[/\\]|[A-Za-z]:[/\\])|^[^-@:]*[/\\]|^[^@:]*\.whl\b`)
)

// ParseRequirements reads a requirements.txt.
func ParseRequirements(text string) (Requirements, error) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(kind.PlainText([]byte(text))))
	text = wholeComment.ReplaceAllString(text, "") // a backslash does not continue a comment
	var out Requirements
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\\\n", " "), "\n") {
		line = strings.TrimSpace(spaces.ReplaceAllString(comment.ReplaceAllString(line, ""), " "))
		switch {
		case line == "":
			continue
		case strings.ContainsRune(line, 0):
			return nil, &kind.ActionError{Message: kind.CannotStart + " Cause: requirements.txt is no text: save it as UTF-8."}
		case elsewhere.MatchString(line):
			return nil, &kind.ActionError{Message: fmt.Sprintf(
				"%s Cause: requirements.txt: %.100q names a file; only packages can be asked for, all in this one file.", kind.CannotStart, line)}
		}
		out = append(out, normalised(line))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// normalised writes a package's name the one way in which the index compares it.
func normalised(line string) string {
	name := requirementName.FindString(line)
	return strings.ToLower(separators.ReplaceAllString(name, "-")) + line[len(name):]
}

// String returns a requirements.txt.
func (r Requirements) String() string { return strings.Join(r, "\n") + "\n" }
