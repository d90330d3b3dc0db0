package node

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
)

// nodePackage is what an action depends on.
type nodePackage struct {
	json   []byte // package.json with what npm needs to know, no scripts
	lock   []byte // package-lock.json, nil if there is none
	npmrc  []byte // .npmrc, nil if there is none
	script string // install scripts that the action's own package runs
}

// maxLock bounds package-lock.json.
const maxLock = 8 << 20

// kept are the members of package.json that say what to install.
var kept = []string{
	"name", "version", "dependencies", "devDependencies", "optionalDependencies", "peerDependencies",
	"peerDependenciesMeta", "overrides", "engines",
}

// installScripts are the scripts that npm runs in the action's folder when it
// installs there. It also runs prepare, but that is for publishing.
var installScripts = []string{"preinstall", "install", "postinstall"}

// readPackage reads what an action depends on; nil: nothing.
func readPackage(dir string, env map[string]string) (*nodePackage, error) {
	text, err := readText(dir, "package.json", folder.MaxManifest)
	if text == nil || err != nil {
		return nil, err
	}
	var all map[string]jsontext.Value
	if jsontext.Unmarshal(text, &all) != nil {
		return nil, nil // Node's own message is better
	}
	wanted := &nodePackage{script: installScript(dir, all["scripts"])}
	if some, err := dependsOnSome(all); err != nil || (!some && wanted.script == "") {
		return nil, err
	}
	maps.DeleteFunc(all, func(name string, _ jsontext.Value) bool { return !slices.Contains(kept, name) })
	if wanted.json, err = jsontext.Marshal(all); err != nil {
		return nil, err
	}
	if wanted.lock, err = readText(dir, "package-lock.json", maxLock); err != nil {
		return nil, err
	}
	wanted.npmrc, err = readNpmrc(dir, env)
	return wanted, err
}

// readText reads a file of an action's folder, within a bound; nil if there is none.
// A file that cannot be read is its author's error.
func readText(dir, name string, limit int64) ([]byte, error) {
	text, err := folder.ReadText(dir, name, limit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil && !errors.Is(err, folder.ErrTooLarge):
		return nil, &kind.ActionError{Message: fmt.Sprintf("%s Cause: %s cannot be read: it must be a file of the zip.", kind.CannotStart, name)}
	}
	return text, err
}

// dependsOnSome reports whether there is anything to install.
func dependsOnSome(all map[string]jsontext.Value) (bool, error) {
	var dependencies, optional map[string]string
	if jsontext.Unmarshal(all["dependencies"], &dependencies) != nil && all["dependencies"] != nil {
		return false, &kind.ActionError{Message: kind.CannotStart + " Cause: package.json: dependencies must be an object of texts"}
	}
	_ = jsontext.Unmarshal(all["optionalDependencies"], &optional)
	for _, name := range slices.Sorted(maps.Keys(dependencies)) {
		if at := dependencies[name]; strings.HasPrefix(at, "file:") || strings.HasPrefix(at, "link:") || strings.HasPrefix(at, ".") || strings.HasPrefix(at, "/") {
			return false, &kind.ActionError{Message: fmt.Sprintf("%s Cause: package.json: %.60q is a folder of the action; put it into node_modules instead.", kind.CannotStart, name)}
		}
	}
	return len(dependencies)+len(optional) > 0, nil
}

// installScript names the install scripts that the action's own package runs.
func installScript(dir string, scripts jsontext.Value) string {
	var given map[string]jsontext.Value
	_ = jsontext.Unmarshal(scripts, &given)
	for _, name := range installScripts {
		if given[name] != nil {
			return name
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "binding.gyp")); err == nil {
		return "binding.gyp"
	}
	return ""
}

// key returns all that the result depends on.
func (p *nodePackage) key(code kind.Code) string {
	parts := []string{string(p.json), string(p.lock), string(p.npmrc)}
	if p.script != "" {
		sum := sha256.Sum256(code)
		parts = append(parts, hex.EncodeToString(sum[:]))
	}
	return strings.Join(parts, "\x00")
}

// npmLock is what package-lock.json says of itself.
type npmLock struct {
	Version float64 `json:"lockfileVersion"`
}

// newestLock is the version of the lock that npm 7 and later write.
const newestLock = 3

func (l *npmLock) isNewer() bool { return l != nil && l.Version > newestLock }

// parseLock reads the lock's head. A lock that is no JSON is its author's error.
func (p *nodePackage) parseLock() (*npmLock, error) {
	if p.lock == nil {
		return nil, nil
	}
	lock := &npmLock{}
	if err := jsontext.UnmarshalLast(p.lock, lock); err != nil {
		return nil, &kind.ActionError{Message: fmt.Sprintf("%s Cause: package-lock.json is no JSON object (%.100s): run npm install and zip it again.", kind.CannotStart, strings.TrimPrefix(err.Error(), "jsontext: "))}
	}
	return lock, nil
}
