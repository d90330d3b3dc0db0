// Package http runs programs that are web servers: an executable or a script, alone
// or as exec in a zip. The program listens on a port that it is given, and runs are
// requests to it. A zip's Python requirements are installed first. The kind has to
// be requested, because a program does not show that it is a web server.
package http

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
)

// readyPath is the variable in which an action says which path of its server answers
// 2xx when it can be given runs.
const readyPath = "WHISKAWAY_HTTP_READY"

// Kind runs a program that is a web server: an ELF executable or a script, alone or
// as the file exec of a zip.
type Kind struct {
	Python      *python.Kind // installs what a zip requires; nil if the host has none
	Concurrency int          // runs that a process takes at once, if its action allows it
}

// Name is "http".
func (Kind) Name() string { return "http" }

// Match accepts http, http:1 and http:default.
func (Kind) Match(requested string) (bool, error) {
	return kind.Match(requested, "http", "http:1", "1")
}

// Sniff accepts nothing: a program does not show that it is a web server.
func (Kind) Sniff(kind.Code) bool { return false }

// Prepare lays a program out as package native does. A main that starts with a slash
// is the path that runs are posted to.
func (h Kind) Prepare(ctx context.Context, site kind.Site, code kind.Code, main string) (kind.Command, error) {
	endpoint := kind.Endpoint{Ready: site.Env[readyPath], Run: "/"}
	if strings.HasPrefix(main, "/") {
		endpoint.Run = main
	}
	for name, path := range map[string]string{readyPath: endpoint.Ready, "main": endpoint.Run} {
		if path != "" && !isPath(path) {
			return kind.Command{}, &kind.ActionError{Message: fmt.Sprintf("%s Cause: %s must be a path on the action's web server, /health say, not %.100q.", kind.CannotStart, name, path)}
		}
	}
	command, err := native.Kind{}.Prepare(ctx, site, code, main)
	if err != nil {
		return kind.Command{}, err
	}
	command.Protocol, command.Endpoint = kind.Web, endpoint
	command.Env = append(command.Env, "PYTHONUNBUFFERED=1") // otherwise its log would go to some later run
	if site.Concurrent() {
		command.Concurrency = max(1, h.Concurrency)
	}
	return h.withRequirements(ctx, site, command)
}

// isPath reports whether text is a path, perhaps with a query, that can be requested
// as it stands.
func isPath(text string) bool {
	u, err := url.ParseRequestURI(text)
	return err == nil && u.Host == "" && strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") && !strings.ContainsAny(text, " #")
}

// withRequirements puts what the action requires first in the command's PATH.
func (h Kind) withRequirements(ctx context.Context, site kind.Site, command kind.Command) (kind.Command, error) {
	if !folder.HasFile(site.Dir, python.RequirementsFile) {
		return command, nil
	}
	if h.Python == nil {
		return kind.Command{}, &kind.ActionError{Message: kind.CannotStart + " Cause: the action has a " + python.RequirementsFile + ", and this server has no Python."}
	}
	environment, err := h.Python.Environment(ctx, site)
	if err != nil || environment == nil {
		return command, err
	}
	command.Env = append(command.Env, "VIRTUAL_ENV="+environment.Dir, "PATH="+filepath.Join(environment.Dir, "bin")+":"+os.Getenv("PATH"))
	command.Group, command.Close = environment.Group, environment.Release
	return command, nil
}

// StartError names the cause.
func (Kind) StartError(err error, ack string) *kind.ActionError {
	return native.Kind{}.StartError(err, ack)
}
