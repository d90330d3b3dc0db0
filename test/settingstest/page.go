// Package settingstest tests that docs/settings.md describes the settings of
// the code. It can also write the page.
package settingstest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/settings"
)

const (
	page   = "../../docs/settings.md"
	update = "WHISKAWAY_UPDATE"
)

// Page compares a command's part of the page with its settings and its --help.
// With WHISKAWAY_UPDATE=1 it writes the part instead.
func Page(t *testing.T, command, about string, config any) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	begin, end := "<!-- "+command+" -->\n", "<!-- end of "+command+" -->\n"
	before, rest, found := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	require.True(t, found && ended, "%s: where are %q and %q?", page, begin, end)
	now := before + begin + paragraphs(about) + list(config) + end + after
	switch {
	case now == string(text):
	case os.Getenv(update) != "":
		require.NoError(t, os.WriteFile(page, []byte(now), 0o644))
	default:
		t.Errorf("docs/settings.md is not what the settings' tags say; make it again: %s=1 go test -p 1 ./cmd/...", update)
	}
}

// paragraphs returns what --help says about the command.
func paragraphs(about string) string {
	var out strings.Builder
	for line := range strings.Lines(about) {
		out.WriteString("\n" + settings.Wrap(line, 118, 0) + "\n")
	}
	return out.String()
}

// list returns the settings, with a heading for each group.
func list(config any) string {
	var out strings.Builder
	for _, s := range settings.Of(config) {
		if s.Group != "" {
			fmt.Fprintf(&out, "\n### %s\n\n", s.Group)
		}
		head := strings.Trim(value(s)+", "+reload(s), ", ")
		fmt.Fprintf(&out, "- %s\n", settings.Wrap(fmt.Sprintf("`%s` (%s): %s", s.Flag, head, meaning(s)), 118, 2))
	}
	return out.String() + "\n"
}

func value(s *settings.Setting) string {
	if s.Default != "" {
		return "`" + s.Default + "`"
	}
	return s.Unset
}

func reload(s *settings.Setting) string {
	switch s.Reload {
	case "live":
		return "at once"
	case "toggle":
		return "at once, but not on or off"
	}
	return "restart"
}

// meaning says what a setting is for, and names its variable if that is not the
// usual one.
func meaning(s *settings.Setting) string {
	if s.Env == settings.EnvOf(s.Flag) {
		return s.Text()
	}
	return s.Text() + " Variable: `" + s.Env + "`."
}
