package kind

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// readyPath is where an action says, in its env, which path of its server
// answers 2xx when it can be given runs.
const readyPath = "WHISKAWAY_HTTP_READY"

// HTTP runs a program that is a web server: an ELF executable or a script, alone
// or as the file exec of a zip.
type HTTP struct {
	Python      *Python // installs what a zip requires; nil if the host has none
	Concurrency int     // runs that a process takes at once, if its action allows it
}

// Endpoint is where a Web command is spoken to.
type Endpoint struct {
	Ready string // path that answers 2xx when it is ready; empty: to be connected to is enough
	Run   string // path that runs are posted to
}

// Name is "http".
func (HTTP) Name() string { return "http" }

// Match takes http, http:1 and http:default.
func (HTTP) Match(requested string) (bool, error) {
	name, version, _ := strings.Cut(strings.TrimSuffix(requested, gpuSuffix), ":")
	if name != "http" {
		return false, nil
	}
	switch version {
	case "", "1", "default":
		return true, nil
	}
	return false, fmt.Errorf("%w: %.60q; this server has http:1", ErrUnsupported, requested)
}

// Sniff takes nothing: a program does not tell that it is a web server.
func (HTTP) Sniff(Code) bool { return false }

// Prepare lays a program out as for Native. A main that begins with a slash is
// the path that runs are posted to.
func (h HTTP) Prepare(ctx context.Context, site Site, code Code, main string) (Command, error) {
	endpoint := Endpoint{Ready: site.Env[readyPath], Run: "/"}
	if strings.HasPrefix(main, "/") {
		endpoint.Run = main
	}
	for name, path := range map[string]string{readyPath: endpoint.Ready, "main": endpoint.Run} {
		if path != "" && !isPath(path) {
			return Command{}, &ActionError{Message: fmt.Sprintf("%s Cause: %s must be a path on the action's web server, /health say, not %.100q.", cannotStart, name, path)}
		}
	}
	command, err := Native{}.Prepare(ctx, site, code, main)
	if err != nil {
		return Command{}, err
	}
	command.Protocol, command.Endpoint = Web, endpoint
	command.Env = append(command.Env, "PYTHONUNBUFFERED=1") // or its log would be some later run's
	if allowed, _ := strconv.ParseBool(site.Env[allowConcurrent]); allowed {
		command.Concurrency = max(1, h.Concurrency)
	}
	return h.withRequirements(ctx, site, command)
}

// isPath reports whether text is a path, perhaps with a query, that can be asked
// for as it stands.
func isPath(text string) bool {
	u, err := url.ParseRequestURI(text)
	return err == nil && u.Host == "" && strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") && !strings.ContainsAny(text, " #")
}

// withRequirements puts first in the command's PATH what the action requires.
func (h HTTP) withRequirements(ctx context.Context, site Site, command Command) (Command, error) {
	if !hasFile(site.Dir, requirementsFile) {
		return command, nil
	}
	if h.Python == nil {
		return Command{}, &ActionError{Message: cannotStart + " Cause: the action has a " + requirementsFile + ", and this server has no Python."}
	}
	environment, err := h.Python.environment(ctx, site)
	if err != nil || environment == nil {
		return command, err
	}
	command.Env = append(command.Env, "VIRTUAL_ENV="+environment.Dir, "PATH="+filepath.Join(environment.Dir, "bin")+":"+os.Getenv("PATH"))
	command.Group, command.Close = environment.Group, environment.Release
	return command, nil
}

// StartError names the cause.
func (HTTP) StartError(err error, ack string) *ActionError { return Native{}.StartError(err, ack) }
