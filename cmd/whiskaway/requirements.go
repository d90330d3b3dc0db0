package main

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
func (s source) requirements() string {
	if !s.beside || filepath.Ext(s.path) != ".py" || s.asked != "" && !strings.HasPrefix(s.asked, "python") {
		return ""
	}
	path := filepath.Join(filepath.Dir(s.path), requirementsFile)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return path
}

// requirementsStamp changes when they are saved, come or go.
func (s source) requirementsStamp() string {
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
func (s source) withRequirements() (code, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, file := range []struct{ name, path string }{{"__main__.py", s.path}, {requirementsFile, s.requirements()}} {
		text, err := os.ReadFile(file.path)
		if err != nil {
			return code{}, err
		}
		header := &zip.FileHeader{Name: file.name, Method: zip.Deflate}
		header.SetMode(0o644)
		to, err := w.CreateHeader(header)
		if err == nil {
			_, err = to.Write(text)
		}
		if err != nil {
			return code{}, err
		}
	}
	if err := w.Close(); err != nil {
		return code{}, err
	}
	return code{base64.StdEncoding.EncodeToString(out.Bytes()), true}, nil
}

// note is what people are told of it.
func (s source) note() string {
	if s.requirements() == "" {
		return ""
	}
	return ", with the " + requirementsFile + " beside it"
}
