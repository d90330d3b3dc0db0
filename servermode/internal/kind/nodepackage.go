package kind

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// nodePackage is what an action depends on.
type nodePackage struct {
	json   []byte // package.json with what npm needs to know, no scripts
	lock   []byte // package-lock.json, nil if there is none
	npmrc  []byte // .npmrc, nil if there is none
	script string // that the action's own package runs when it is installed
}

// maxLock bounds package-lock.json.
const maxLock = 8 << 20

// kept are the members of package.json that say what to install.
var kept = []string{
	"name", "version", "dependencies", "devDependencies", "optionalDependencies", "peerDependencies",
	"peerDependenciesMeta", "overrides", "engines",
}

// installScripts are those that npm runs in the action's folder when it installs
// there. It runs prepare, too, but that is for publishing.
var installScripts = []string{"preinstall", "install", "postinstall"}

// readPackage reads what an action depends on; nil is nothing.
func readPackage(dir string, env map[string]string) (*nodePackage, error) {
	text, err := readInside(dir, "package.json", maxWishes)
	if text == nil || err != nil {
		return nil, err
	}
	var all map[string]jsontext.Value
	if json.Unmarshal(plainText(text), &all) != nil {
		return nil, nil // Node says it better
	}
	wanted := &nodePackage{script: installScript(dir, all["scripts"])}
	if some, err := dependsOnSome(all); err != nil || (!some && wanted.script == "") {
		return nil, err
	}
	maps.DeleteFunc(all, func(name string, _ jsontext.Value) bool { return !slices.Contains(kept, name) })
	if wanted.json, err = json.Marshal(all, json.Deterministic(true)); err != nil {
		return nil, err
	}
	if wanted.lock, err = readInside(dir, "package-lock.json", maxLock); err != nil {
		return nil, err
	}
	wanted.lock = plainText(wanted.lock)
	wanted.npmrc, err = readNpmrc(dir, env)
	return wanted, err
}

// dependsOnSome reports whether there is anything to install.
func dependsOnSome(all map[string]jsontext.Value) (bool, error) {
	var dependencies, optional map[string]string
	if json.Unmarshal(all["dependencies"], &dependencies) != nil && all["dependencies"] != nil {
		return false, &ActionError{Message: cannotStart + " Cause: package.json: dependencies must be an object of texts"}
	}
	_ = json.Unmarshal(all["optionalDependencies"], &optional)
	for _, name := range slices.Sorted(maps.Keys(dependencies)) {
		if at := dependencies[name]; strings.HasPrefix(at, "file:") || strings.HasPrefix(at, "link:") || strings.HasPrefix(at, ".") || strings.HasPrefix(at, "/") {
			return false, &ActionError{Message: fmt.Sprintf("%s Cause: package.json: %.60q is a folder of the action; put it into node_modules instead.", cannotStart, name)}
		}
	}
	return len(dependencies)+len(optional) > 0, nil
}

// installScript names what the action's own package runs when it is installed.
func installScript(dir string, scripts jsontext.Value) string {
	var given map[string]jsontext.Value
	_ = json.Unmarshal(scripts, &given)
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

// key is all that the result depends on.
func (p *nodePackage) key(code Code) string {
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

// parseLock reads the lock's head; what is no JSON is the author's to mend.
func (p *nodePackage) parseLock() (*npmLock, error) {
	if p.lock == nil {
		return nil, nil
	}
	lock := &npmLock{}
	if err := json.Unmarshal(p.lock, lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, &ActionError{Message: fmt.Sprintf("%s Cause: package-lock.json is no JSON object (%.100s): run npm install and zip it again.", cannotStart, strings.TrimPrefix(err.Error(), "jsontext: "))}
	}
	return lock, nil
}

// readInside reads a file of an action's folder, within a bound; nil if there is
// none. A link that leads out of the folder is followed by nobody.
func readInside(dir, name string, limit int64) ([]byte, error) {
	f, err := os.OpenInRoot(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &ActionError{Message: fmt.Sprintf("%s Cause: %s cannot be read: it must be a file of the zip.", cannotStart, name)}
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, &ActionError{Message: fmt.Sprintf("%s Cause: %s is no file.", cannotStart, name)}
	}
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if int64(len(text)) > limit {
		return nil, errTooLarge
	}
	return text, err
}

// layOut puts into a build's folder what npm reads: the whole action if one of
// its own scripts is to be run.
func (p *nodePackage) layOut(dir string, code Code) error {
	files := map[string][]byte{".npmrc": p.npmrc}
	if p.script != "" {
		if err := errors.Join(layOut(dir, code, "index.js", 0o644), asUTF8(dir, nodeTexts...)); err != nil {
			return err
		}
	} else {
		files["package.json"], files["package-lock.json"] = p.json, p.lock
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for name, text := range files {
		if text != nil {
			err = errors.Join(err, root.RemoveAll(name), root.WriteFile(name, text, 0o644))
		}
	}
	return err
}

// cleanUp leaves what functions are to see: no token of the author's.
func (p *nodePackage) cleanUp(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if p.script == "" { // it may be that nothing had to be installed
		err = root.MkdirAll("node_modules", 0o755)
	}
	return errors.Join(err, root.RemoveAll(".npmrc"))
}

// with says what of the action's own is at work.
func (p *nodePackage) with() (text string) {
	if p.npmrc != nil {
		text += ", by the zip's .npmrc"
	}
	if p.script != "" {
		text += ", and running " + p.script
	}
	return text
}
