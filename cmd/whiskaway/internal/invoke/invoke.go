// Package invoke is the command that initialises an action and runs it, as the
// invoker would. Results go to stdout, and logs and everything else to stderr.
package invoke

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/action"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/exit"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/invoker"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/target"
	"github.com/whiskaway/whiskaway/internal/daemon"
)

// Command invokes an action.
type Command struct {
	File          string            `short:"f" required:"" type:"path" placeholder:"DIR|FILE" help:"The action: a source file, script, program, zip or tar.gz, or a folder that becomes a zip."`
	Param         []string          `short:"p" placeholder:"NAME=VALUE" sep:"none" help:"An argument, also as -p NAME VALUE; VALUE may be JSON, and @FILE is a file's content in base64."`
	ParamFile     []string          `short:"P" placeholder:"FILE" sep:"none" help:"A file with a JSON object of arguments; - is stdin. -p overrides it."`
	Env           map[string]string `short:"e" placeholder:"NAME=VALUE" mapsep:"none" help:"An init parameter, in the action's environment."`
	Main          string            `short:"m" default:"main" help:"The function to call."`
	Kind          string            `short:"k" help:"Kind of the action. [by the file's name or the folder's files, else sniffed by the server]"`
	target.Remote `embed:""`
	Runtime       string        `placeholder:"ADDRESS" help:"Instead of a server: any OpenWhisk runtime container, HOST, HOST:PORT or URL; its logs stay on its own streams."`
	Repeat        int           `short:"n" default:"1" help:"How many times to run it."`
	Limit         time.Duration `default:"60s" help:"Time for the init and for each run."`
	JSON          bool          `name:"json" help:"Print each activation as one line of JSON: its id, times, logs, and the result under response, as the platform records it."`
}

// Help returns what --help adds.
func (*Command) Help() string {
	return `Examples:

  whiskaway invoke -f hello.py -p name=Ada
  whiskaway invoke -f folder --param-file arguments.json --server gpu-1

The result goes to stdout; what the build, the init and the runs print goes to stderr as it comes.

` + exit.Help
}

// Run initialises the action and runs it; the results go to stdout, all else
// to stderr.
func (c *Command) Run() (err error) {
	if c.Limit <= 0 || c.Repeat < 1 {
		return exit.With(daemon.ExitUsage, errors.New("--limit must be a time such as 60s, and --repeat 1 or more"))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	from := action.Source{Path: c.File, ForcedKind: c.Kind}
	code, left, err := from.Read()
	if err != nil {
		return err
	}
	args, err := parameters(c.ParamFile, c.Param)
	if err != nil {
		return exit.With(daemon.ExitUsage, err)
	}
	view := newActivationView(from.Name(), c.JSON)
	if len(left) > 0 {
		view.term.Say("left out: %s", output.Shorten(left))
	}
	url, end, err := c.container(from, view)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	inv := invoker.New(url, from.Name(), c.Limit)
	if err := c.init(ctx, inv, code, view); err != nil {
		return err
	}
	return c.runAll(ctx, inv, args, view)
}

func (c *Command) init(ctx context.Context, inv *invoker.Invoker, code action.Code, view *activationView) error {
	view.begin("init")
	init, err := inv.Init(ctx, code, c.Main, c.Env)
	if err != nil {
		return c.unanswered(ctx, err)
	}
	if init.Failed() {
		return errors.Join(view.record(init), exit.With(exit.NoResult, fmt.Errorf("init: status %d: %s", init.Status, invoker.ErrorText(init.Body))))
	}
	view.term.Say("init: ready after %s", output.Took(init.Took))
	return nil
}

// runAll runs the action c.Repeat times. A failure ends it; an application error
// does not.
func (c *Command) runAll(ctx context.Context, inv *invoker.Invoker, args any, view *activationView) (err error) {
	for range c.Repeat {
		id := invoker.ActivationID()
		view.begin("run " + id[:8])
		r, failed := inv.RunAs(ctx, id, args)
		if failed != nil {
			return c.unanswered(ctx, failed)
		}
		view.term.Say("run %s: status %d%s after %s", id, r.Status, invoker.FailureOf(r), output.Took(r.Took))
		if failed := view.record(r); failed != nil {
			return failed
		}
		switch statusOf(r) {
		case statusFailed:
			return exit.With(exit.NoResult, fmt.Errorf("run: status %d", r.Status))
		case statusApplication:
			err = exit.With(exit.Application, errors.New("the function answered with an error"))
		}
	}
	return err
}

// unanswered returns the error for a container that did not answer.
func (c *Command) unanswered(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted; the run was cancelled")
	case c.Runtime != "":
		return target.Unreachable(target.Runtime, c.Runtime, err)
	}
	return exit.With(exit.NoResult, err)
}

// container returns the runtime to play against: the given one, or a client
// container within this process.
func (c *Command) container(from action.Source, view *activationView) (url string, end func() error, err error) {
	if c.Runtime != "" {
		if c.Runtime, err = target.URL(c.Runtime, target.Runtime.Usual); err != nil {
			return "", nil, exit.With(daemon.ExitUsage, fmt.Errorf("%s: %w", target.Runtime.Flag, err))
		}
		return c.Runtime, func() error { return nil }, nil
	}
	if err := c.Resolve(target.Server); err != nil {
		return "", nil, err
	}
	if err := c.Reach(); err != nil {
		return "", nil, err
	}
	client := clientmode.New(clientmode.Config{
		Listen: "127.0.0.1:0", Upstream: c.Server, UpstreamName: c.Server, Kind: from.Kind(), TokenFile: c.TokenFile, CAFile: c.CAFile,
		Limit: c.Limit, Stdout: view.stream("stdout"), Stderr: view.stream("stderr"),
	})
	if err := client.Start(); err != nil {
		return "", nil, err
	}
	return "http://" + client.Addr(), func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return client.Stop(ctx)
	}, nil
}
