package runtimespec_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// section returns the README's text under a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, found, heading)
	out, _, _ := strings.Cut(rest, "\n## ")
	return out
}

var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\|")

func TestREADME_ReasonsAreTheCodes(t *testing.T) {
	want, listed := []string{}, []string{}
	for _, r := range runtimespec.Reasons() {
		want = append(want, fmt.Sprint(r, " ", r.Status(), " ", map[bool]string{true: "yes", false: "no"}[r.NotStarted()]))
	}
	for _, cells := range row.FindAllStringSubmatch(section(t, "Reasons"), -1) {
		listed = append(listed, strings.Join(cells[1:], " "))
	}
	require.ElementsMatch(t, want, listed)
}

func TestREADME_HeadersAreTheCodes(t *testing.T) {
	var listed []string
	for _, cells := range row.FindAllStringSubmatch(section(t, "Headers"), -1) {
		listed = append(listed, cells[1])
	}
	require.ElementsMatch(t, slices.Collect(maps.Values(constants(t, "headers.go", "Header"))), listed)
}

func TestREADME_EndpointsAreTheCodes(t *testing.T) {
	var listed []string
	for _, cells := range regexp.MustCompile("(?m)^\\| `(?:GET|POST) (/[a-z]+)` \\|").FindAllStringSubmatch(section(t, "Endpoints"), -1) {
		listed = append(listed, cells[1])
	}
	require.ElementsMatch(t, slices.Collect(maps.Values(constants(t, "doc.go", "Path"))), listed)
}

func TestREADME_ExampleIsGolden(t *testing.T) {
	text, example := section(t, "Identity"), identityCases(t)[0]
	require.Contains(t, text, "\n    "+example.Identity+"\n")
	require.Contains(t, text, "`"+example.CodeDigest+"`")
	require.Contains(t, section(t, "An exchange"), example.Identity)
}

// The exchange's lengths and frames are right.
func TestREADME_ExchangeAddsUp(t *testing.T) {
	request, answer, found := strings.Cut(section(t, "An exchange"), "HTTP/1.1 200")
	require.True(t, found)
	body := regexp.MustCompile(`(?m)^    (\{"value".*)$`).FindStringSubmatch(request)
	require.Contains(t, request, fmt.Sprintf("Content-Length: %d\n", len(body[1])))
	wire := runtimespec.AppendLog(nil, runtimespec.Stdout, []byte("hello\n"))
	first := len(wire)
	wire = runtimespec.AppendFrame(wire, runtimespec.Result, 200, []byte(`{"greeting":"hello"}`))
	require.Contains(t, answer, fmt.Sprintf("Content-Length: %d\n", len(wire)))
	for _, at := range []int{0, first} {
		require.Contains(t, answer, fmt.Sprintf("% x  ", wire[at:at+runtimespec.FrameHeader]))
	}
	load := runtimespec.Load{Slots: 8, CPU: -1}
	require.Contains(t, answer, runtimespec.HeaderLoad+": "+string(load.AppendHeader(nil))+"\n")
}
