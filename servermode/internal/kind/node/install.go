package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
)

// packages installs what the action's package.json depends on, unless the action
// brings node_modules. It returns nil when there is nothing to install. The action
// sees the result as its node_modules. A package with install scripts is installed
// whole, and runs where it was installed, because its scripts may have changed any
// of its files.
func (n *Kind) packages(ctx context.Context, site kind.Site, code kind.Code) (product *build.Product, home string, err error) {
	modules := filepath.Join(site.Dir, "node_modules")
	if _, err := os.Lstat(modules); err == nil {
		return nil, site.Dir, nil
	}
	wanted, err := readPackage(site.Dir, site.Env)
	if wanted == nil || err != nil {
		return nil, site.Dir, err
	}
	npm := n.npm()
	if npm == "" { // the host may have the packages nevertheless
		site.Sink.Log(runtimespec.Stderr, []byte("This server has no npm: the dependencies of package.json are not installed. Put node_modules into the zip.\n"))
		return nil, site.Dir, nil
	}
	product, err = site.Builder.Get(ctx, build.Order{
		Tenant: site.Tenant,
		Key:    strings.Join([]string{"npm", n.path, n.Version, wanted.key(code)}, "\x00"),
		Make: func(ctx context.Context, j *build.Job) error {
			return n.install(ctx, j, npm, wanted, func(dir string) error { return wanted.layOut(dir, code, site.Limits) })
		},
	}, site.Sink)
	if err != nil {
		return nil, "", err
	}
	if wanted.script != "" {
		return product, product.Dir, nil
	}
	if err := os.Symlink(filepath.Join(product.Dir, "node_modules"), modules); err != nil {
		product.Release()
		return nil, "", err
	}
	return product, site.Dir, nil
}

// install lets npm fill the job's folder.
func (n *Kind) install(ctx context.Context, j *build.Job, npm string, wanted *nodePackage, layOut func(dir string) error) error {
	lock, err := wanted.parseLock()
	if err != nil {
		return err
	}
	if err := layOut(j.Dir); err != nil {
		return err
	}
	if err := j.Own(j.Dir); err != nil {
		return err
	}
	args := []string{"install", "--no-audit", "--no-fund", "--no-update-notifier", "--logs-max=0", "--global=false", "--cache", filepath.Join(j.Scratch, "npm")}
	if lock != nil {
		args[0] = "ci"
	}
	if wanted.script == "" { // scripts may need the development dependencies
		args = append(args, "--omit=dev")
	}
	j.Print("installing the dependencies of package.json with npm %s, for Node %s%s", args[0], n.Version, wanted.with())
	err = j.Run(ctx, build.Command{Path: npm, Dir: j.Dir, Args: args, Env: []string{"PATH=" + filepath.Dir(n.Exec) + ":" + os.Getenv("PATH")}})
	if failed, ok := errors.AsType[*build.ExitError](err); ok {
		cause := npmCause(failed, lock, j.Dir, j.Scratch)
		return &kind.ActionError{Message: "The action's dependencies could not be installed. Check logs for details. Cause: " + cause}
	}
	if err != nil {
		return err
	}
	return wanted.cleanUp(j.Dir)
}

// npm returns the npm that belongs to this Node, or the first on the host; empty if
// there is none.
func (n *Kind) npm() string {
	for _, path := range []string{filepath.Join(filepath.Dir(n.Exec), "npm"), "/usr/bin/npm", "/usr/local/bin/npm"} {
		if folder.IsFile(path) {
			return path
		}
	}
	return ""
}
