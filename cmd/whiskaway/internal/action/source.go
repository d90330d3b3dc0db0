// Package action reads an action from disk as the platform's tools would send it:
// a file, or a folder that becomes a zip.
package action

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Source is where an action's author saves it: a file, or a folder that becomes
// a zip.
type Source struct {
	Path   string
	Asked  string // the kind that was asked for; empty: it is guessed
	Beside bool   // a Python file's requirements.txt beside it is part of the action
}

// Name is what the action is called: the file's name without its ending.
func (s Source) Name() string {
	base := filepath.Base(s.Path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func (s Source) isFolder() bool {
	info, err := os.Stat(s.Path)
	return err == nil && info.IsDir()
}

// Kind is the action's, guessed if none was asked for; empty leaves it to the
// server.
func (s Source) Kind() string {
	if s.Asked != "" {
		return s.Asked
	}
	if s.isFolder() {
		return kindOfFolder(s.Path)
	}
	return kindOf(s.Path)
}

// errMoved says that files changed while they were read.
var errMoved = errors.New("it changes just now")

// Load reads the action, and says what of a folder was left out. It fails with
// errMoved when what it has read may be half of one version and half of another.
func (s Source) Load() (c Code, left []string, err error) {
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
		err = errMoved
	}
	return c, left, err
}

// fingerprint changes when something is saved. That a source cannot be looked
// at is a state like any other.
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
		if e.mode.IsDir() { // its time changes with every file that an editor makes for a moment
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
