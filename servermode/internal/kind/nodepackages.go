package kind

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
)

// packages installs what the action's package.json depends on, unless it brings
// node_modules; nil when there is nothing to install. The action sees the result
// as its node_modules.
func (n *Node) packages(ctx context.Context, site Site) (*build.Product, error) {
	modules := filepath.Join(site.Dir, "node_modules")
	if _, err := os.Lstat(modules); err == nil {
		return nil, nil
	}
	wanted, err := readPackage(site.Dir)
	if wanted == nil || err != nil {
		return nil, err
	}
	npm := n.npm()
	if npm == "" { // the host may have them all the same
		site.Sink.Log(runtimespec.Stderr, []byte("This server has no npm: the dependencies of package.json are not installed. Put node_modules into the zip.\n"))
		return nil, nil
	}
	product, err := site.Shop.Get(ctx, build.Order{
		Tenant: site.Tenant,
		Key:    strings.Join([]string{"npm", n.path, n.Version, string(wanted.json), string(wanted.lock)}, "\x00"),
		Make:   func(ctx context.Context, j *build.Job) error { return n.install(ctx, j, npm, wanted) },
	}, site.Sink)
	var failed *build.ExitError
	if errors.As(err, &failed) {
		return nil, &ActionError{Message: "The action's dependencies could not be installed. Check logs for details. Cause: " + failed.Cause()}
	}
	if err != nil {
		return nil, err
	}
	if err := os.Symlink(filepath.Join(product.Dir, "node_modules"), modules); err != nil {
		product.Release()
		return nil, err
	}
	return product, nil
}

// nodePackage is what an action depends on.
type nodePackage struct {
	json []byte // package.json with what npm needs to know, no scripts
	lock []byte // package-lock.json, nil if there is none
}

// maxLock bounds package-lock.json.
const maxLock = 8 << 20

// kept are the members of package.json that say what to install.
var kept = []string{"name", "version", "dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "overrides", "engines"}

// readPackage reads what an action depends on; nil is nothing.
func readPackage(dir string) (*nodePackage, error) {
	text, err := readAtMost(filepath.Join(dir, "package.json"), maxWishes)
	if errors.Is(err, errTooLarge) {
		return nil, err
	}
	if err != nil {
		return nil, nil
	}
	var all map[string]jsontext.Value
	if json.Unmarshal(text, &all) != nil {
		return nil, nil // Node says it better
	}
	var dependencies, optional map[string]string
	if json.Unmarshal(all["dependencies"], &dependencies) != nil && all["dependencies"] != nil {
		return nil, &ActionError{Message: cannotStart + " Cause: package.json: dependencies must be an object of texts"}
	}
	_ = json.Unmarshal(all["optionalDependencies"], &optional)
	if len(dependencies)+len(optional) == 0 {
		return nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(dependencies)) {
		if at := dependencies[name]; strings.HasPrefix(at, "file:") || strings.HasPrefix(at, "link:") || strings.HasPrefix(at, ".") || strings.HasPrefix(at, "/") {
			return nil, &ActionError{Message: fmt.Sprintf("%s Cause: package.json: %.60q is a folder of the action; put it into node_modules instead.", cannotStart, name)}
		}
	}
	maps.DeleteFunc(all, func(name string, _ jsontext.Value) bool { return !slices.Contains(kept, name) })
	wanted := &nodePackage{}
	if wanted.json, err = json.Marshal(all, json.Deterministic(true)); err != nil {
		return nil, err
	}
	wanted.lock, err = readAtMost(filepath.Join(dir, "package-lock.json"), maxLock)
	if errors.Is(err, errTooLarge) {
		return nil, err
	}
	return wanted, nil
}

// install has npm fill the job's folder.
func (n *Node) install(ctx context.Context, j *build.Job, npm string, wanted *nodePackage) error {
	verb := "install"
	files := map[string][]byte{"package.json": wanted.json}
	if wanted.lock != nil {
		verb, files["package-lock.json"] = "ci", wanted.lock
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(j.Dir, name), text, 0o644); err != nil {
			return err
		}
	}
	if err := j.Own(j.Dir); err != nil {
		return err
	}
	j.Print("installing the dependencies of package.json with npm %s, for Node %s", verb, n.Version)
	err := j.Run(ctx, build.Command{
		Path: npm, Dir: j.Dir,
		Args: []string{verb, "--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier", "--cache", filepath.Join(j.Scratch, "npm")},
		Env:  []string{"PATH=" + filepath.Dir(n.Exec) + ":" + os.Getenv("PATH")},
	})
	if err != nil {
		return err
	}
	return os.MkdirAll(filepath.Join(j.Dir, "node_modules"), 0o755)
}

// npm is the one that belongs to this Node, or the first of the host; empty if
// there is none.
func (n *Node) npm() string {
	for _, path := range []string{filepath.Join(filepath.Dir(n.Exec), "npm"), "/usr/bin/npm", "/usr/local/bin/npm"} {
		if isFile(path) {
			return path
		}
	}
	return ""
}
