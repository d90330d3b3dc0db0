package launch

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// passed are the server's own variables that every function sees.
var passed = []string{"PATH", "LANG", "LC_ALL", "TZ"}

// env returns the whole environment of the function's processes: the allowed
// variables of the server, and over them the action's own.
func (p *program) env(folders *sandbox.Folders) []string {
	vars := p.launcher.commonVars()
	vars["HOME"], vars["TMPDIR"] = folders.Home, folders.Tmp
	vars["USER"], vars["LOGNAME"] = folders.UserName, folders.UserName
	maps.Copy(vars, kind.FunctionEnv(p.spec.Kind))
	for _, entry := range p.command.Env {
		key, value, _ := strings.Cut(entry, "=")
		vars[key] = value
	}
	maps.Copy(vars, p.spec.Env)
	delete(vars, sandbox.EnvInstance)
	return entries(vars)
}

// commonVars returns the variables that every function's environment has.
func (l *Launcher) commonVars() map[string]string {
	vars := map[string]string{"LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
	for _, key := range slices.Concat(passed, l.cfg.PassEnv) {
		if value, ok := os.LookupEnv(key); ok {
			vars[key] = value
		}
	}
	vars["PATH"] += ":" + l.cfg.State.Path("launchers/bin") // last, so that the host's own programs go first
	return vars
}

// entries returns variables as NAME=VALUE.
func entries(vars map[string]string) []string {
	out := make([]string, 0, len(vars)+1)
	for key, value := range vars {
		out = append(out, key+"="+value)
	}
	slices.Sort(out)
	return out
}

// findNeeds finds the files that functions need in folders that are hidden from
// them: an interpreter may lie in /tmp.
func (l *Launcher) findNeeds() error {
	all := append([]string{l.cfg.State.Path("launchers"), l.cfg.State.Path("builds")}, l.cfg.Keep...)
	for _, k := range l.Kinds {
		if n, ok := k.(interface{ Needs() []string }); ok {
			all = append(all, n.Needs()...)
		}
	}
	for _, key := range slices.Concat(passed, l.cfg.PassEnv) {
		all = append(all, filepath.SplitList(os.Getenv(key))...)
	}
	l.needs = slices.DeleteFunc(all, func(path string) bool { return !sandbox.Hidden(path) })
	return nil
}
