package kind

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
)

//go:embed launchers/node.js launchers/node-*.js
var nodeLauncher embed.FS

// oldestNode is what the launcher needs.
const oldestNode = 18

// allowConcurrent is how an action says, in its env, that its runs may overlap.
const allowConcurrent = "__OW_ALLOW_CONCURRENT"

// Node runs a JavaScript source file or a zip with package.json or index.js.
type Node struct {
	Modules     string // folder of global modules; empty: where npm puts them
	Concurrency int    // runs that a process takes at once, if its action allows it

	launcher string
	path     string // of node, absolute
	nodeFacts
}

// nodeFacts is what a Node says of itself.
type nodeFacts struct {
	Version string `json:"version"` // "20.20.2"
	Exec    string `json:"exec"`    // where it really is
	major   int
}

// NewNode uses the first of candidates that runs as uid (-1: as the server's
// own), and puts the launcher into dir.
func NewNode(candidates []string, dir string, uid int) (*Node, error) {
	n := &Node{launcher: filepath.Join(dir, "node.js")}
	path, facts, err := firstUsable(candidates, func(path string) (nodeFacts, error) { return askNode(path, uid) })
	if err != nil {
		return nil, fmt.Errorf("no Node that a function could run: %w", err)
	}
	n.path, n.nodeFacts = path, facts
	return n, writeLaunchers(nodeLauncher, dir)
}

func askNode(path string, uid int) (facts nodeFacts, err error) {
	out, err := try(uid, path, "-p", "JSON.stringify({ version: process.versions.node, exec: process.execPath })")
	if err != nil {
		return facts, err
	}
	if err := json.Unmarshal(out, &facts); err != nil {
		return facts, fmt.Errorf("is no Node: %.60q", out)
	}
	major, _, _ := strings.Cut(facts.Version, ".")
	if facts.major, err = strconv.Atoi(major); err != nil || facts.major < oldestNode {
		return facts, fmt.Errorf("is Node %.20s; %d or later is needed", facts.Version, oldestNode)
	}
	return facts, nil
}

// Name is "nodejs:" and the version that the host has.
func (n *Node) Name() string { return "nodejs:" + strconv.Itoa(n.major) }

// Describe tells the owner which Node serves the kind.
func (n *Node) Describe() string { return n.path + " (" + n.Version + ")" }

// Match takes nodejs, nodejs:default and the host's own version.
func (n *Node) Match(requested string) (bool, error) {
	name, version, _ := strings.Cut(strings.TrimSuffix(requested, gpuSuffix), ":")
	if name != "nodejs" {
		return false, nil
	}
	switch version {
	case "", "default", strconv.Itoa(n.major):
		return true, nil
	}
	return false, fmt.Errorf("%w: %.60q; this server has Node %d", ErrUnsupported, requested, n.major)
}

// Sniff takes a zip with a package and text that looks like JavaScript.
func (n *Node) Sniff(code Code) bool {
	if artifact.IsZip(code) {
		for _, name := range artifact.Names(code) {
			if name == "package.json" || name == "index.js" || name == "index.mjs" {
				return true
			}
		}
		return false
	}
	return !code.isELF() && !code.isScript() && utf8.Valid(code) && nodeSource.Match(code) && !notNodeSource.Match(code) && !pythonSource.Match(code)
}

// Prepare puts source at dir/index.js, and an archive into dir. In a main like
// other.niam the archive's file is other.js, whatever else it has.
func (n *Node) Prepare(ctx context.Context, site Site, code Code, main string) (Command, error) {
	if err := site.layOut(code, "index.js", 0o644); err != nil {
		return Command{}, err
	}
	form := "text"
	if code.isArchive() {
		form = "archive"
		if !strings.Contains(main, ".") && !hasEntry(site.Dir) {
			const problem = "Zipped actions must contain either package.json or index.js at the root."
			hint := misplaced(site.Dir, "package.json", "index.js", "index.mjs")
			return Command{}, &ActionError{Message: cannotStart + " Cause: " + problem + hint, Log: "Error: " + problem + hint}
		}
	}
	packages, err := n.packages(ctx, site)
	if err != nil {
		return Command{}, err
	}
	mode, concurrency := "one", 1
	if allowed, _ := strconv.ParseBool(site.Env[allowConcurrent]); allowed && n.Concurrency > 1 {
		mode, concurrency = "many", n.Concurrency
	}
	command := Command{
		Path: n.path, Args: []string{n.launcher, site.Dir, main, form, mode}, Dir: site.Dir,
		Env:        []string{"NODE_PATH=" + n.modules(), "__OW_WAIT_FOR_ACK=1"},
		WaitForAck: true, Protocol: Framed, Concurrency: concurrency,
	}
	if packages != nil {
		command.Group, command.Close = packages.Group, packages.Release
	}
	return command, nil
}

func hasEntry(dir string) bool {
	for _, name := range []string{"package.json", "index.js", "index.mjs"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// modules are the folders in which require finds what npm install -g put there.
func (n *Node) modules() string {
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

// StartError passes on the cause that the launcher sent in the ack's place.
func (n *Node) StartError(err error, ack string) *ActionError { return launcherError(err, ack) }
