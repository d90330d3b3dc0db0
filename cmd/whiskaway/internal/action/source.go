// Package action reads an action from disk as the platform's tools would send
// it: a file, or a folder that becomes a zip. It also detects the action's
// kind, adds its Python requirements and watches it for changes.
package action

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Source is an action on disk: a file, or a folder that becomes a zip.
type Source struct {
	Path             string
	ForcedKind       string // the user's choice; empty: guess
	WithRequirements bool   // a requirements.txt beside a Python file belongs to the action
}

// Name returns the action's name: the file's name without its extension.
func (s Source) Name() string {
	base := filepath.Base(s.Path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func (s Source) isFolder() bool {
	info, err := os.Stat(s.Path)
	return err == nil && info.IsDir()
}

// Kind returns the forced kind, or a guess. Empty leaves it to the server.
func (s Source) Kind() string {
	if s.ForcedKind != "" {
		return s.ForcedKind
	}
	if s.isFolder() {
		return kindOfFolder(s.Path)
	}
	return kindOf(s.Path)
}

// errChanging says that files changed while they were read.
var errChanging = errors.New("it changes just now")

// Read reads the action, and returns what it left out of a folder. It fails with
// errChanging when it may have read half of one version and half of another.
func (s Source) Read() (c Code, left []string, err error) {
	before := s.fingerprint()
	switch {
	case s.isFolder():
		if err = s.checkFolder(); err == nil {
			c, left, err = bundle(s.Path, maxCode)
		}
	case s.requirements() != "":
		c, err = s.withRequirements()
	default:
		c, err = ReadFile(s.Path)
	}
	if err == nil && len(c.Text) > maxCode {
		err = fmt.Errorf("%s is %d MiB as it would be sent, the platform takes %d MiB at most", s.Path, len(c.Text)>>20, maxCode>>20)
	}
	if s.fingerprint() != before {
		err = errChanging
	}
	return c, left, err
}

// fingerprint returns a text that changes with every save. An unreadable source
// has one too.
func (s Source) fingerprint() string {
	info, err := os.Stat(s.Path)
	if err != nil {
		return err.Error()
	}
	if !info.IsDir() {
		return stamp(info) + s.requirementsStamp()
	}
	t, err := readTree(s.Path)
	if err != nil {
		return err.Error()
	}
	sum := sha256.New()
	for _, e := range t.entries {
		if e.mode.IsDir() { // an editor's temporary files change its time
			fmt.Fprintf(sum, "%q/", e.name)
			continue
		}
		fmt.Fprintf(sum, "%q%v %d %d %q", e.name, e.mode, e.size, e.time.UnixNano(), e.target)
	}
	return string(sum.Sum(nil))
}

func stamp(info os.FileInfo) string {
	return fmt.Sprint(info.Mode(), info.Size(), info.ModTime().UnixNano())
}
