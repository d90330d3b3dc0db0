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

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

// readyTime is how long a container may take until it answers HTTP.
const readyTime = 30 * time.Second

// place is a conformance.Target at the end of a command line or of a URL.
type place struct {
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

func (c *Command) target(kind string) place {
	needs, _ := c.needs() // Validate has looked
	elsewhere := relays(c.Exec)
	return place{
		kind: kind, url: strings.TrimRight(c.URL, "/"), exec: c.Exec, restart: c.Restart, needs: needs, relayed: c.Relayed || elsewhere,
		env: c.Exec != "" && !elsewhere || strings.Contains(c.Exec+c.Restart, "{env}") || slices.Contains(c.Provides, "env"),
	}
}

// relays tells commands whose container is no child of theirs: neither its
// environment nor its streams are the command's own.
func relays(line string) bool {
	words := strings.Fields(line)
	return len(words) > 0 && slices.Contains([]string{"docker", "podman", "nerdctl", "kubectl", "ssh", "sudo"}, path.Base(words[0]))
}

// Provides is what the command line says that the container obeys.
func (p place) Provides() conformance.Need { return p.needs }

// Start returns a fresh container, or the only one there is.
func (p place) Start(ctx context.Context, env map[string]string) (*conformance.Container, error) {
	names := slices.Sorted(maps.Keys(env))
	if len(names) > 0 && !p.env {
		return nil, fmt.Errorf("%w: %s must be in the container's environment: put {env} into the command", conformance.ErrNotChecked, strings.Join(names, ", "))
	}
	if p.url == "" {
		return p.run(ctx, env)
	}
	if p.restart != "" {
		if err := p.replace(ctx, env); err != nil {
			return nil, err
		}
	}
	return &conformance.Container{URL: p.url, Close: func() error { return nil }}, awaitHTTP(ctx, p.url, readyTime)
}

// run runs the command as a container. A port that docker holds accepts
// connections before anybody listens behind it, so only an answer counts.
func (p place) run(ctx context.Context, env map[string]string) (*conformance.Container, error) {
	dir, err := os.Getwd() // the command's paths mean this folder
	if err != nil {
		return nil, err
	}
	container, err := conformance.Exec{Command: p.shell("exec "+p.exec, env), Env: p.environ(nil), Dir: dir}.Start(ctx, env)
	if err != nil {
		return nil, err
	}
	container.Immediate = !p.relayed
	if err := awaitHTTP(ctx, container.URL, readyTime); err != nil {
		return nil, errors.Join(err, container.Close(), tailOf(container.Stderr()))
	}
	return container, nil
}

// shell is the command line with what stands for itself filled in.
func (p place) shell(line string, env map[string]string) []string {
	var flags []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		flags = append(flags, "-e "+name) // its value is in the command's environment
	}
	return []string{"/bin/sh", "-c", strings.NewReplacer("{kind}", p.kind, "{env}", strings.Join(flags, " ")).Replace(line)}
}

// environ is what a command gets: also the kind, unless the case says another.
func (p place) environ(env map[string]string) []string {
	all := os.Environ()
	if p.needs&conformance.NeedsKind != 0 {
		all = append(all, "WHISKAWAY_KIND="+p.kind)
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		all = append(all, name+"="+env[name])
	}
	return all
}

// replace runs the restart command to its end. What it writes goes to a file:
// a runtime that it leaves in the background would hold a pipe open.
func (p place) replace(ctx context.Context, env map[string]string) error {
	out, err := os.CreateTemp("", "whiskaway-restart-")
	if err != nil {
		return err
	}
	defer out.Close()
	if err := os.Remove(out.Name()); err != nil {
		return err
	}
	line := p.shell(p.restart, env)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.environ(env), out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Run(); err != nil {
		text := make([]byte, 2000)
		n, _ := out.ReadAt(text, 0)
		return errors.Join(fmt.Errorf("--restart: %w", err), tailOf(text[:n]))
	}
	return nil
}

// tailOf is what a command wrote, as part of an error.
func tailOf(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	return fmt.Errorf("it wrote: %q", text[max(0, len(text)-2000):])
}

// awaitHTTP returns when a URL is answered, whatever the answer is.
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
