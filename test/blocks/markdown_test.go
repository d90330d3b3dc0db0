package blocks_test

import (
	"fmt"
	"slices"
	"strings"
)

// suites are what a block may say it belongs to: it needs more than a clean
// checkout, and is not run here. ```sh docker, say.
var suites = []string{
	"docker", "gpu", "kubernetes", "openwhisk", "swarm",
	"packages", // it installs packages
	"hosts",    // it names hosts that only its reader has
}

// ownTerminal marks a command that stays in the foreground: readers give it a
// terminal, and the test goes on when it serves.
const ownTerminal = "# in a terminal of its own"

// block is a fenced block of a document.
type block struct {
	line     int // of the fence
	language string
	suite    string // empty: it is run
	text     string
}

// shell reports whether a block is commands.
func (b block) shell() bool { return b.language == "sh" }

// blocksOf reads a document's fenced blocks. It refuses indented code, which
// could be commands that no test runs, and a block without a language.
func blocksOf(text string) (blocks []block, err error) {
	var open *block
	blank, list := true, false
	for i, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimLeft(line, " "), "```")
		switch {
		case open != nil && isFence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		case isFence:
			if open, err = opened(i+1, fence); err != nil {
				return nil, err
			}
		case blank && !list && strings.HasPrefix(line, "    "):
			return nil, fmt.Errorf("line %d: indented code is run by no test: put it between fences", i+1)
		}
		if line != "" && !strings.HasPrefix(line, " ") {
			list = strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ")
		}
		blank = strings.TrimSpace(line) == ""
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: the block has no end", open.line)
	}
	return blocks, nil
}

func opened(line int, info string) (*block, error) {
	words := strings.Fields(info)
	if len(words) == 0 {
		return nil, fmt.Errorf("line %d: say what the block is: sh, text, json, …", line)
	}
	b := &block{line: line, language: words[0]}
	switch {
	case slices.Contains([]string{"bash", "shell", "console", "zsh"}, b.language):
		return nil, fmt.Errorf("line %d: commands are of the language sh", line)
	case len(words) > 2 || len(words) == 2 && (!b.shell() || !slices.Contains(suites, words[1])):
		return nil, fmt.Errorf("line %d: behind sh stands one suite or nothing; suites are %s", line, strings.Join(suites, ", "))
	case len(words) == 2:
		b.suite = words[1]
	}
	return b, nil
}

// step is a part of a block: commands that end, or one that stays.
type step struct {
	text  string
	stays bool
}

// steps returns the parts of a block in order.
func (b block) steps() (steps []step) {
	var plain string
	flush := func() {
		if strings.TrimSpace(plain) != "" {
			steps = append(steps, step{text: plain})
		}
		plain = ""
	}
	var command string // with the lines that it continues on
	for line := range strings.Lines(b.text) {
		command += line
		switch trimmed := strings.TrimRight(line, "\n"); {
		case strings.HasSuffix(trimmed, ownTerminal):
			flush()
			steps = append(steps, step{text: strings.TrimSpace(strings.TrimSuffix(strings.TrimRight(command, "\n"), ownTerminal)), stays: true})
		case strings.HasSuffix(trimmed, `\`):
			continue
		default:
			plain += command
		}
		command = ""
	}
	plain += command
	flush()
	return steps
}
