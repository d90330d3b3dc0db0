package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/internal/procgroup"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

// readyTime bounds the wait for a container's first answer.
const readyTime = 30 * time.Second

// commandTarget starts containers by a command line, or finds one at a URL.
type commandTarget struct {
	kind    string
	url     string // of the container; empty: exec starts it
	exec    string
	restart string
	needs   conformance.Need
	env     bool // the environment of a case reaches the container
	relayed bool
}

var needNames = map[string]conformance.Need{
	"ack": conformance.NeedsAck, "exec-env": conformance.NeedsExecutionEnv, "kind": conformance.NeedsKind,
	"openwhisk": conformance.NeedsOpenWhisk, "env": 0,
}

func (c *Command) needs() (conformance.Need, error) {
	var needs conformance.Need
	for _, name := range c.Provides {
		need, known := needNames[name]
		if !known {
			return 0, fmt.Errorf("--provides %s: it is one of %s", name, strings.Join(slices.Sorted(maps.Keys(needNames)), ", "))
		}
		needs |= need
	}
	return needs, nil
}

func (c *Command) target(kind string) commandTarget {
	needs, _ := c.needs() // Validate has looked
	elsewhere := relays(c.Exec)
	return commandTarget{
		kind: kind, url: strings.TrimRight(c.URL, "/"), exec: c.Exec, restart: c.Restart, needs: needs, relayed: c.Relayed || elsewhere,
		env: c.Exec != "" && !elsewhere || strings.Contains(c.Exec+c.Restart, "{env}") || slices.Contains(c.Provides, "env"),
	}
}

// relays reports whether a command starts a container that is not its child:
// such a container has neither the command's environment nor its streams.
func relays(line string) bool {
	words := strings.Fields(line)
	return len(words) > 0 && slices.Contains([]string{"docker", "podman", "nerdctl", "kubectl", "ssh", "sudo"}, path.Base(words[0]))
}

// Provides returns what the command line says about the container.
func (t commandTarget) Provides() conformance.Need { return t.needs }

// Start returns a fresh container, or the only one.
func (t commandTarget) Start(ctx context.Context, env map[string]string) (*conformance.Container, error) {
	names := slices.Sorted(maps.Keys(env))
	if len(names) > 0 && !t.env {
		return nil, fmt.Errorf("%w: %s must be in the container's environment: put {env} into the command", conformance.ErrNotChecked, strings.Join(names, ", "))
	}
	if t.url == "" {
		return t.run(ctx, env)
	}
	if t.restart != "" {
		if err := t.replace(ctx, env); err != nil {
			return nil, err
		}
	}
	return &conformance.Container{URL: t.url, Close: func() error { return nil }}, awaitHTTP(ctx, t.url, readyTime)
}

// run runs the command as a container. It waits for an answer: a port that
// docker holds accepts connections before the runtime listens.
func (t commandTarget) run(ctx context.Context, env map[string]string) (*conformance.Container, error) {
	dir, err := os.Getwd() // the command's paths mean this folder
	if err != nil {
		return nil, err
	}
	container, err := start(ctx, t.shell("exec "+t.exec, env), t.environ(nil), dir, env)
	if err != nil {
		return nil, err
	}
	container.Immediate = !t.relayed
	if err := awaitHTTP(ctx, container.URL, readyTime); err != nil {
		return nil, errors.Join(err, container.Close(), tailOf(container.Stderr()))
	}
	return container, nil
}

// shell returns the command line with its placeholders filled in.
func (t commandTarget) shell(line string, env map[string]string) []string {
	var flags []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		flags = append(flags, "-e "+name) // its value is in the command's environment
	}
	return []string{"/bin/sh", "-c", strings.NewReplacer("{kind}", t.kind, "{env}", strings.Join(flags, " ")).Replace(line)}
}

// environ returns a command's environment. It includes the kind, unless the case
// sets another.
func (t commandTarget) environ(env map[string]string) []string {
	all := os.Environ()
	if t.needs&conformance.NeedsKind != 0 {
		all = append(all, "WHISKAWAY_KIND="+t.kind)
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		all = append(all, name+"="+env[name])
	}
	return all
}

// replace runs the restart command to its end. Its output goes to a file: a
// runtime left in the background would hold a pipe open.
func (t commandTarget) replace(ctx context.Context, env map[string]string) error {
	out, err := os.CreateTemp("", "whiskaway-restart-")
	if err != nil {
		return err
	}
	defer out.Close()
	if err := os.Remove(out.Name()); err != nil {
		return err
	}
	line := t.shell(t.restart, env)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = t.environ(env), out, out
	procgroup.Own(cmd)
	cmd.Cancel = func() error { return procgroup.Signal(cmd, syscall.SIGKILL) }
	if err := cmd.Run(); err != nil {
		text := make([]byte, 2000)
		n, _ := out.ReadAt(text, 0)
		return errors.Join(fmt.Errorf("--restart: %w", err), tailOf(text[:n]))
	}
	return nil
}

// tailOf returns the end of a command's output as an error.
func tailOf(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	return fmt.Errorf("it wrote: %q", text[max(0, len(text)-2000):])
}

// awaitHTTP waits until a URL answers, whatever the answer is.
func awaitHTTP(ctx context.Context, url string, patience time.Duration) error {
	client := http.Client{
		Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for end := time.Now().Add(patience); ; {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/", nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err == nil {
			return resp.Body.Close()
		}
		if time.Now().After(end) {
			return fmt.Errorf("no runtime answers there: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no runtime answers there: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
