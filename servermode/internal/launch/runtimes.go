package launch

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/actionloop"
)

// anyKind names an image's runtime to which the owner gave no name.
const anyKind = "actionloop"

// openRuntimes adds the ActionLoop runtimes that the owner configured: NAME=FILE
// with the image's variables in FILE, or NAME alone when this server runs in that
// image.
func (l *Launcher) openRuntimes(uid int) error {
	wanted := l.cfg.Runtimes
	if len(wanted) == 0 && os.Getenv("OW_COMPILER") != "" {
		wanted = []string{anyKind}
	}
	for _, entry := range wanted {
		name, file, inFile := strings.Cut(entry, "=")
		var r *actionloop.Kind
		env, err := runtimeEnv(file, inFile)
		if err == nil && slices.ContainsFunc(l.Kinds, func(k kind.Kind) bool { return k.Name() == name }) {
			err = fmt.Errorf("this server has a kind %s already", name)
		}
		if err == nil {
			r, err = actionloop.New(name, env, l.cfg.Native, len(wanted) == 1, uid)
		}
		if err != nil {
			return fmt.Errorf("%w: --runtime %s: %w", daemon.ErrConfig, entry, err)
		}
		if err := l.offer(name, "--runtime", entry, r, nil); err != nil {
			return err
		}
	}
	return nil
}

// runtimeEnv returns the variables of a runtime's image: those in a file, or those
// of this process that concern it.
func runtimeEnv(file string, inFile bool) (map[string]string, error) {
	if inFile {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		return parseEnv(string(text))
	}
	env := map[string]string{}
	for _, entry := range os.Environ() {
		if key, value, _ := strings.Cut(entry, "="); strings.HasPrefix(key, "OW_") {
			env[key] = value
		}
	}
	if env["OW_COMPILER"] == "" {
		return nil, fmt.Errorf("OW_COMPILER is not set here: this is no runtime's image; give a file, NAME=FILE")
	}
	return env, nil
}

var variable = regexp.MustCompile(`^(?:export\s+)?([A-Za-z_]\w*)=(.*)$`)

// parseEnv reads NAME=VALUE lines as a shell would, but without expansion.
func parseEnv(text string) (map[string]string, error) {
	env := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		found := variable.FindStringSubmatch(line)
		if found == nil || strings.ContainsRune(line, 0) {
			return nil, fmt.Errorf("the line %.60q is no NAME=VALUE", line)
		}
		value := found[2]
		if n := len(value); n > 1 && value[0] == value[n-1] && strings.ContainsAny(value[:1], `"'`) {
			value = value[1 : n-1]
		}
		env[found[1]] = value
	}
	return env, nil
}
