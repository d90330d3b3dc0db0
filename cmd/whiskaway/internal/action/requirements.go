package action

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
)

// requirementsFile is what a server looks for beside __main__.py.
const requirementsFile = "requirements.txt"

// requirements is the path of the requirements that lie beside a Python file,
// if they are part of the action; else empty.
func (s Source) requirements() string {
	if !s.Beside || filepath.Ext(s.Path) != ".py" || s.Asked != "" && !strings.HasPrefix(s.Asked, "python") {
		return ""
	}
	path := filepath.Join(filepath.Dir(s.Path), requirementsFile)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return path
}

// requirementsStamp changes when they are saved, come or go.
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

// withRequirements is the file as the __main__.py of a zip that has its
// requirements too. The same files give the same bytes.
func (s Source) withRequirements() (Code, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, file := range []struct{ name, path string }{{"__main__.py", s.Path}, {requirementsFile, s.requirements()}} {
		text, err := os.ReadFile(file.path)
		if err != nil {
			return Code{}, err
		}
		header := &zip.FileHeader{Name: file.name, Method: zip.Deflate}
		header.SetMode(0o644)
		to, err := w.CreateHeader(header)
		if err == nil {
			_, err = to.Write(text)
		}
		if err != nil {
			return Code{}, err
		}
	}
	if err := w.Close(); err != nil {
		return Code{}, err
	}
	return Code{base64.StdEncoding.EncodeToString(out.Bytes()), true}, nil
}

// Note is what people are told of it.
func (s Source) Note() string {
	if s.requirements() == "" {
		return ""
	}
	return ", with the " + requirementsFile + " beside it"
}
