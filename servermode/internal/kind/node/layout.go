package node

import (
	"errors"
	"os"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
)

// layOut writes what npm reads into a build's folder. That is the whole action if
// one of its own scripts is to be run.
func (p *nodePackage) layOut(dir string, code kind.Code, limits artifact.Limits) error {
	files := map[string][]byte{".npmrc": p.npmrc}
	if p.script != "" {
		if err := errors.Join(kind.LayOut(dir, code, limits, "index.js", 0o644), folder.MendTexts(dir, nodeTexts...)); err != nil {
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

// cleanUp leaves only what functions are to see, and no token of the author's.
func (p *nodePackage) cleanUp(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if p.script == "" { // perhaps nothing had to be installed
		err = root.MkdirAll("node_modules", 0o755)
	}
	return errors.Join(err, root.RemoveAll(".npmrc"))
}

// with says what of the action's own npm uses.
func (p *nodePackage) with() (text string) {
	if p.npmrc != nil {
		text += ", by the zip's .npmrc"
	}
	if p.script != "" {
		text += ", and running " + p.script
	}
	return text
}
