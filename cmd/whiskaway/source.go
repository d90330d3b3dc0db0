package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// source is where an action's author saves it: a file, or a folder that becomes
// a zip.
type source struct {
	path   string
	asked  string // the kind that was asked for; empty: it is guessed
	beside bool   // a Python file's requirements.txt beside it is part of the action
}

// name is what the action is called: the file's name without its ending.
func (s source) name() string {
	base := filepath.Base(s.path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func (s source) isFolder() bool {
	info, err := os.Stat(s.path)
	return err == nil && info.IsDir()
}

// kind is the action's, guessed if none was asked for; empty leaves it to the
// server.
func (s source) kind() string {
	if s.asked != "" {
		return s.asked
	}
	if s.isFolder() {
		return kindOfFolder(s.path)
	}
	return kindOf(s.path)
}

// errMoved says that files changed while they were read.
var errMoved = errors.New("it changes just now")

// load reads the action, and says what of a folder was left out. It fails with
// errMoved when what it has read may be half of one version and half of another.
func (s source) load() (c code, left []string, err error) {
	before := s.fingerprint()
	switch {
	case s.isFolder():
		if err = s.checkFolder(); err == nil {
			c, left, err = bundle(s.path, maxCode)
		}
	case s.requirements() != "":
		c, err = s.withRequirements()
	default:
		c, err = readCode(s.path)
	}
	if err == nil && len(c.text) > maxCode {
		err = fmt.Errorf("%s is %d MiB as it would be sent, the platform takes %d MiB at most", s.path, len(c.text)>>20, maxCode>>20)
	}
	if s.fingerprint() != before {
		err = errMoved
	}
	return c, left, err
}

// fingerprint changes when something is saved. That a source cannot be looked
// at is a state like any other.
func (s source) fingerprint() string {
	info, err := os.Stat(s.path)
	if err != nil {
		return err.Error()
	}
	if !info.IsDir() {
		return stamp(info) + s.requirementsStamp()
	}
	t, err := readTree(s.path)
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
