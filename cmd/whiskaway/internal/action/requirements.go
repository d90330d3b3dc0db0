package action

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
)

// requirementsFile is the name that a server looks for beside __main__.py.
const requirementsFile = "requirements.txt"

// requirements returns the path of the requirements beside a Python file, empty
// if they are not part of the action.
func (s Source) requirements() string {
	if !s.WithRequirements || filepath.Ext(s.Path) != ".py" || s.ForcedKind != "" && !strings.HasPrefix(s.ForcedKind, "python") {
		return ""
	}
	path := filepath.Join(filepath.Dir(s.Path), requirementsFile)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return path
}

// requirementsStamp returns a text that changes when the requirements do.
func (s Source) requirementsStamp() string {
	path := s.requirements()
	if path == "" {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	return " " + stamp(info)
}

// withRequirements returns a zip of the file as __main__.py and its
// requirements. The same files give the same bytes.
func (s Source) withRequirements() (Code, error) {
	var out bytes.Buffer
	files := tree{entries: []entry{{name: "__main__.py", path: s.Path}, {name: requirementsFile, path: s.requirements()}}}
	if err := files.zip(&out); err != nil {
		return Code{}, err
	}
	return Code{base64.StdEncoding.EncodeToString(out.Bytes()), true}, nil
}

// Note returns what a message adds about the requirements.
func (s Source) Note() string {
	if s.requirements() == "" {
		return ""
	}
	return ", with the " + requirementsFile + " beside it"
}
