package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"unicode/utf8"
)

// code is an action's code as the platform would send it.
type code struct {
	text   string
	binary bool
}

// readCode reads an action's file: archives and programs go as base64.
func readCode(path string) (code, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return code{}, err
	}
	if len(data) == 0 {
		return code{}, fmt.Errorf("%s is empty", path)
	}
	if bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data) {
		return code{base64.StdEncoding.EncodeToString(data), true}, nil
	}
	return code{string(data), false}, nil
}
