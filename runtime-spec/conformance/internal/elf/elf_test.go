package elf

import (
	"bytes"
	"strings"
	"testing"
)

func TestEchoLines_AnswersEveryLineWithItsValue(t *testing.T) {
	var out bytes.Buffer
	in := `{"value":{"n":9007199254740993},"namespace":"guest"}` + "\n{}\n"
	if err := echoLines(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	if want := `{"n":9007199254740993}` + "\n{}\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
