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
type source string

// name is what the action is called: the file's name without its ending.
func (s source) name() string {
	base := filepath.Base(string(s))
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func (s source) isFolder() bool {
	info, err := os.Stat(string(s))
	return err == nil && info.IsDir()
}

// kind guesses the action's kind; empty leaves it to the server.
func (s source) kind() string {
	if s.isFolder() {
		return kindOfFolder(string(s))
	}
	return kindOf(string(s))
}

// errMoved says that files changed while they were read.
var errMoved = errors.New("it changes just now")

// load reads the action, and says what of a folder was left out. It fails with
// errMoved when what it has read may be half of one version and half of another.
func (s source) load() (c code, left []string, err error) {
	before := s.fingerprint()
	if s.isFolder() {
		c, left, err = bundle(string(s), maxCode)
	} else if c, err = readCode(string(s)); err == nil && len(c.text) > maxCode {
		err = fmt.Errorf("%s is %d MiB as it would be sent, the platform takes %d MiB at most", s, len(c.text)>>20, maxCode>>20)
	}
	if s.fingerprint() != before {
		err = errMoved
	}
	return c, left, err
}

// fingerprint changes when something is saved. That a source cannot be looked
// at is a state like any other.
func (s source) fingerprint() string {
	info, err := os.Stat(string(s))
	if err != nil {
		return err.Error()
	}
	if !info.IsDir() {
		return fmt.Sprint(info.Mode(), info.Size(), info.ModTime().UnixNano())
	}
	t, err := readTree(string(s))
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
