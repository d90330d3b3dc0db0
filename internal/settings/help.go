package settings

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// help writes the text of --help.
func (c Command) help(w io.Writer, all []*Setting) {
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if columns, wrong := strconv.Atoi(os.Getenv("COLUMNS")); wrong == nil {
		width, err = columns, nil
	}
	if err != nil {
		width = 100
	}
	width = min(max(width, 60), 120)
	order := "Every flag has its variable, and overrides it."
	if c.File != nil {
		order = "Every flag has its variable, and is a key of the YAML file that --config names. A flag overrides the variable, the variable overrides the file."
	}
	fmt.Fprintf(w, "Usage: %s [flags] | --help | --version\n", c.Name)
	for _, text := range append(strings.Split(c.About, "\n"), order) {
		fmt.Fprintf(w, "\n%s\n", Wrap(text, width, 0))
	}
	for _, s := range all {
		if s.Group != "" {
			fmt.Fprintf(w, "\n%s:\n", s.Group)
		}
		s.help(w, width)
	}
}

// column is where the descriptions start.
const column = 30

func (s *Setting) help(w io.Writer, width int) {
	flag := "  --" + s.Flag
	if s.Kind() != Bool {
		flag += "=" + quoted(cmp.Or(s.Default, s.holder()))
	}
	if len(flag) > column-2 {
		flag += "\n" + strings.Repeat(" ", column)
	} else {
		flag += strings.Repeat(" ", column-len(flag))
	}
	text := s.Text()
	if s.Unset != "" {
		text += " [" + s.Unset + "]"
	}
	fmt.Fprintf(w, "%s%s\n", flag, Wrap(text+" ($"+s.Env+")", width, column))
}

// Text says what the setting is for, and lists the values of a choice.
func (s *Setting) Text() string {
	if len(s.Enum) == 0 {
		return s.Help
	}
	return s.Help + " One of " + strings.Join(s.Enum, ", ") + "."
}

// quoted returns a text quoted for a shell.
func quoted(text string) string {
	if strings.Contains(text, " ") {
		return strconv.Quote(text)
	}
	return text
}

// holder returns the placeholder for the value of a setting without a default.
func (s *Setting) holder() string {
	switch {
	case s.Holder != "":
		return s.Holder
	case len(s.Enum) > 0:
		return strings.Join(s.Enum, "|")
	case s.tag.Get("type") != "":
		return strings.ToUpper(s.tag.Get("type"))
	case s.Kind() == Time:
		return "TIME"
	case s.Unit == "bytes":
		return "BYTES"
	case s.Kind() == Number:
		return "N"
	case s.Kind() == List:
		return "NAME,..."
	}
	return "TEXT"
}

// Wrap breaks a text into lines. All but the first are indented.
func Wrap(text string, width, indent int) string {
	var out strings.Builder
	at := indent
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case at+1+len(word) > width:
			out.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			out.WriteByte(' ')
			at++
		}
		out.WriteString(word)
		at += len(word)
	}
	return out.String()
}
