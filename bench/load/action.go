package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strconv"
	"unicode/utf8"
)

// action is what the containers get. Each function has its own environment,
// which makes it a function of its own.
type action struct {
	main   string
	code   string
	binary bool // code is base64
	env    map[string]string
}

// functionVariable tells a function its number, from 0.
const functionVariable = "LOAD_FUNCTION"

var echoSources = map[string]string{
	"python:3":       "def main(args):\n    return args\n",
	"nodejs:default": "function main(args) { return args; }\n",
}

// echoAction returns an action that answers its arguments. The native one is this
// program.
func echoAction(kind string) (*action, error) {
	if source, ok := echoSources[kind]; ok {
		return &action{code: source, env: map[string]string{}}, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	a, err := readAction(self)
	if err == nil {
		a.env[actVariable] = actEcho
	}
	return a, err
}

// readAction reads a file. Programs, archives and other binary files are
// encoded in base64.
func readAction(file string) (*action, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	a := &action{code: string(text), env: map[string]string{}}
	if a.binary = !utf8.Valid(text) || bytes.ContainsRune(text, 0); a.binary {
		a.code = base64.StdEncoding.EncodeToString(text)
	}
	return a, nil
}

// initBody returns the platform's init of the function with that number.
func (a *action) initBody(function int) ([]byte, error) {
	name := fmt.Sprintf("load-%06d", function)
	env := map[string]string{
		"__OW_NAMESPACE": "guest", "__OW_ACTION_NAME": "/guest/" + name, "__OW_ACTION_VERSION": "0.0.1",
		functionVariable: strconv.Itoa(function),
	}
	maps.Copy(env, a.env)
	return json.Marshal(map[string]any{"value": map[string]any{
		"name": name, "main": a.main, "binary": a.binary, "code": a.code, "env": env,
	}})
}
