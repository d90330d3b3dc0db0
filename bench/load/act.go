package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// actVariable makes this program an action itself, in place of the load
	// generator.
	actVariable = "LOAD_ACT"
	actEcho     = "echo"
)

// actIfAsked runs the native echo and ends the program if it was started as
// that.
func actIfAsked() {
	if os.Getenv(actVariable) != actEcho {
		return
	}
	out := os.NewFile(3, "result")
	err := error(nil)
	if os.Getenv("__OW_WAIT_FOR_ACK") != "" {
		_, err = io.WriteString(out, `{"ok":true}`+"\n")
	}
	if err == nil {
		err = echoLines(os.Stdin, out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load, as an action:", err)
		os.Exit(exitFailed)
	}
	os.Exit(0)
}

// echoLines answers each run, an object, with its member "value" on a line.
func echoLines(in io.Reader, out io.Writer) error {
	d := jsontext.NewDecoder(in)
	var line []byte
	for {
		if _, err := d.ReadToken(); err != nil { // the object starts
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		line = append(line[:0], "{}"...)
		for d.PeekKind() != '}' {
			name, err := d.ReadToken()
			if err != nil {
				return err
			}
			isValue := name.String() == "value"
			value, err := d.ReadValue()
			if err != nil {
				return err
			}
			if isValue {
				line = append(line[:0], value...)
			}
		}
		if _, err := d.ReadToken(); err != nil {
			return err
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
}
