package action

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"unicode/utf8"
)

// Code is an action's code as the platform would send it.
type Code struct {
	Text   string
	Binary bool
}

// ReadFile reads an action's file. Archives and programs are encoded in base64.
func ReadFile(path string) (Code, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Code{}, err
	}
	if len(data) == 0 {
		return Code{}, fmt.Errorf("%s is empty", path)
	}
	if bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data) {
		return Code{base64.StdEncoding.EncodeToString(data), true}, nil
	}
	return Code{string(data), false}, nil
}
