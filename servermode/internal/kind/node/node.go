// Package node runs JavaScript functions with the host's Node and a launcher of
// ours. An action is a source file or a zip with package.json or index.js. Its
// dependencies are installed by npm in a build, unless it brings node_modules. The
// launcher (launchers/node.js) takes several runs at once where the action allows
// it.
package node

import (
	"context"
	"embed"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/tool"
)

//go:embed launchers/node.js launchers/node-*.js
var launchers embed.FS

// oldestNode is the oldest version that can run the launcher.
const oldestNode = 18

// exposeGC gives actions global.gc, as the platform's runtime does.
const exposeGC = "--expose-gc"

// Kind runs a JavaScript source file or a zip with package.json or index.js.
type Kind struct {
	Modules     string // folder of global modules; empty: where npm puts them
	Concurrency int    // runs that a process takes at once, if its action allows it

	launcher string
	path     string // of node, absolute
	facts
}

// facts is what a Node reports of itself.
type facts struct {
	Version string `json:"version"` // "20.20.2"
	Exec    string `json:"exec"`    // its real path
	major   int
}

// New uses the first of candidates that runs as uid (-1: as the server's own user),
// and puts the launcher into dir.
func New(candidates []string, dir string, uid int, modules string, concurrency int) (*Kind, error) {
	n := &Kind{Modules: modules, Concurrency: concurrency, launcher: filepath.Join(dir, "node.js")}
	path, facts, err := tool.FirstUsable(candidates, func(path string) (facts, error) { return ask(path, uid) })
	if err != nil {
		return nil, fmt.Errorf("no Node that a function could run: %w", err)
	}
	n.path, n.facts = path, facts
	return n, kind.WriteLaunchers(launchers, dir)
}

func ask(path string, uid int) (found facts, err error) {
	out, err := tool.Try(uid, path, "-p", "JSON.stringify({ version: process.versions.node, exec: process.execPath })")
	if err != nil {
		return found, err
	}
	if err := jsontext.Unmarshal(out, &found); err != nil {
		return found, fmt.Errorf("is no Node: %.60q", out)
	}
	major, _, _ := strings.Cut(found.Version, ".")
	if found.major, err = strconv.Atoi(major); err != nil || found.major < oldestNode {
		return found, fmt.Errorf("is Node %.20s; %d or later is needed", found.Version, oldestNode)
	}
	return found, nil
}

// Name returns "nodejs:" and the version that the host has.
func (n *Kind) Name() string { return "nodejs:" + strconv.Itoa(n.major) }

// Describe tells the owner which Node serves the kind.
func (n *Kind) Describe() string { return n.path + " (" + n.Version + ")" }

// Match accepts nodejs, nodejs:default and the host's own version.
func (n *Kind) Match(requested string) (bool, error) {
	major := strconv.Itoa(n.major)
	return kind.Match(requested, "nodejs", "Node "+major, major)
}

// Sniff accepts a zip with a package, and text that looks like JavaScript.
func (n *Kind) Sniff(code kind.Code) bool {
	if artifact.IsZip(code) {
		return slices.ContainsFunc(artifact.Names(code), func(name string) bool { return slices.Contains(entries, name) })
	}
	return !code.IsELF() && !code.IsScript() && utf8.Valid(code) && source.Match(code) && !otherSource.Match(code)
}

var (
	source = regexp.MustCompile(`(?m)^\s*(export\s+(default\s+)?)?(async\s+)?function\b|\b(module\.)?exports\s*[.=[]|=>|\brequire\s*\(\s*['"` + "`" + `]|^\s*(const|let|var)\s+[\w${[]|^import\b.*['"]\s*;?\s*$|^export\b`)
	// otherSource matches other languages' source with the same signs: PHP, Go,
	// Rust, Swift, C#, Java, Python.
	otherSource = regexp.MustCompile(`(?m)^\s*<\?php|^package\s+[\w.]+|^\s*(pub\s+)?fn\s+\w+|^func\s+\w+|^using\s+[\w.]+;|^\s*(public|private)\s+(static\s+)?\w+|(?s:^(async )?def \w+\(.*?\)[^\n]*:)`)
)

// Prepare puts source at dir/index.js, and unpacks an archive into dir. For a main
// like other.niam the archive's file is other.js, whatever else it has.
func (n *Kind) Prepare(ctx context.Context, site kind.Site, code kind.Code, main string) (kind.Command, error) {
	if err := site.LayOut(code, "index.js", 0o644); err != nil {
		return kind.Command{}, err
	}
	form := "text"
	if code.IsArchive() {
		form = "archive"
		if !strings.Contains(main, ".") && !slices.ContainsFunc(entries, func(name string) bool { return folder.Has(site.Dir, name) }) {
			const problem = "Zipped actions must contain either package.json or index.js at the root."
			hint := folder.Misplaced(site.Dir, entries...)
			return kind.Command{}, &kind.ActionError{Message: kind.CannotStart + " Cause: " + problem + hint, Log: "Error: " + problem + hint}
		}
	}
	if form == "archive" {
		if err := folder.MendTexts(site.Dir, nodeTexts...); err != nil {
			return kind.Command{}, err
		}
	}
	packages, home, err := n.packages(ctx, site, code)
	if err != nil {
		return kind.Command{}, err
	}
	mode, concurrency := "one", 1
	if site.Concurrent() && n.Concurrency > 1 {
		mode, concurrency = "many", n.Concurrency
	}
	command := kind.Command{
		Path: n.path, Args: []string{exposeGC, n.launcher, home, main, form, mode}, Dir: home,
		Env:        []string{"NODE_PATH=" + n.modules(), "__OW_WAIT_FOR_ACK=1"},
		WaitForAck: true, Shielded: true, Protocol: kind.Framed, Concurrency: concurrency,
	}
	if packages != nil {
		command.Group, command.Close = packages.Group, packages.Release
	}
	return command, nil
}

// entries are the files of which an archive has one at its root.
var entries = []string{"package.json", "index.js", "index.mjs"}

// nodeTexts are the files that Node and npm read first.
var nodeTexts = []string{"package.json", "package-lock.json", "index.js", "index.mjs"}

// modules returns the folders in which require finds what npm install -g put there.
func (n *Kind) modules() string {
	if n.Modules != "" {
		return n.Modules
	}
	prefix := filepath.Dir(filepath.Dir(n.Exec))
	dirs := []string{filepath.Join(prefix, "lib", "node_modules")}
	for _, dir := range []string{"/usr/local/lib/node_modules", "/usr/lib/node_modules"} {
		if dir != dirs[0] {
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, ":")
}

// StartError passes on the cause that the launcher sent in place of its ack.
func (n *Kind) StartError(err error, ack string) *kind.ActionError {
	return kind.LauncherError(err, ack)
}

// On returns Node and the launcher.
func (n *Kind) On() []string { return []string{n.path, n.launcher} }

// Needs returns the folders that the kind's processes read beside the function's own.
func (n *Kind) Needs() []string {
	return slices.Concat(tool.Around(n.path), tool.Around(n.Exec), filepath.SplitList(n.modules()))
}
