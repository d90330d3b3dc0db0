package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/internal/daemon"
)

type invokeCommand struct {
	File      string            `short:"f" required:"" type:"path" placeholder:"DIR|FILE" help:"The action: a source file, script, program, zip or tar.gz, or a folder that becomes a zip."`
	Param     []string          `short:"p" placeholder:"NAME=VALUE" sep:"none" help:"An argument, also as -p NAME VALUE; VALUE may be JSON, and @FILE is a file's content in base64."`
	ParamFile []string          `short:"P" placeholder:"FILE" sep:"none" help:"A file with a JSON object of arguments; - is stdin. -p overrides it."`
	Env       map[string]string `short:"e" placeholder:"NAME=VALUE" mapsep:"none" help:"An init parameter, in the action's environment."`
	Main      string            `short:"m" default:"main" help:"The function to call."`
	Kind      string            `short:"k" help:"Kind of the action. [by the file's name or the folder's files, else sniffed by the server]"`
	remote    `embed:""`
	Runtime   string        `placeholder:"ADDRESS" help:"Instead of a server: any OpenWhisk runtime container, HOST, HOST:PORT or URL; its logs stay on its own streams."`
	Repeat    int           `short:"n" default:"1" help:"How many times to run it."`
	Limit     time.Duration `default:"60s" help:"Time for the init and for each run."`
	JSON      bool          `name:"json" help:"Print each activation as one line of JSON: its id, times, logs, and the result under response, as the platform records it."`
}

// Help is what --help adds.
func (*invokeCommand) Help() string {
	return `Examples:

  whiskaway invoke -f hello.py -p name=Ada
  whiskaway invoke -f folder --param-file arguments.json --server gpu-1

The result goes to stdout; what the build, the init and the runs print goes to stderr as it comes.

` + exitCodes
}

// Run initialises the action and runs it; the results go to stdout, all else
// to stderr.
func (c *invokeCommand) Run() (err error) {
	if c.Limit <= 0 || c.Repeat < 1 {
		return coded(daemon.ExitUsage, errors.New("--limit must be a time such as 60s, and --repeat 1 or more"))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	from := source{path: c.File, asked: c.Kind}
	code, left, err := from.load()
	if err != nil {
		return err
	}
	args, err := parameters(c.ParamFile, c.Param)
	if err != nil {
		return coded(daemon.ExitUsage, err)
	}
	view := newActivationView(from.name(), c.JSON)
	if len(left) > 0 {
		view.term.say("left out: %s", shorten(left))
	}
	url, end, err := c.container(from, view)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	inv := newInvoker(url, from.name(), c.Limit)
	if err := c.init(ctx, inv, code, view); err != nil {
		return err
	}
	return c.runAll(ctx, inv, args, view)
}

func (c *invokeCommand) init(ctx context.Context, inv *invoker, code code, view *activationView) error {
	view.begin("init")
	init, err := inv.init(ctx, code, c.Main, c.Env)
	if err != nil {
		return c.unanswered(ctx, err)
	}
	if init.failed() {
		return errors.Join(view.record(init), coded(exitNoResult, fmt.Errorf("init: status %d: %s", init.Status, errorText(init.Body))))
	}
	view.term.say("init: ready after %s", took(init.Took))
	return nil
}

// runAll runs the action as often as was asked for; what failed stops it, an
// application error does not.
func (c *invokeCommand) runAll(ctx context.Context, inv *invoker, args any, view *activationView) (err error) {
	for range c.Repeat {
		id := activationID()
		view.begin("run " + id[:8])
		r, failed := inv.runAs(ctx, id, args)
		if failed != nil {
			return c.unanswered(ctx, failed)
		}
		view.term.say("run %s: status %d%s after %s", id, r.Status, failureOf(r), took(r.Took))
		if failed := view.record(r); failed != nil {
			return failed
		}
		switch outcomeOf(r) {
		case statusFailed:
			return coded(exitNoResult, fmt.Errorf("run: status %d", r.Status))
		case statusApplication:
			err = coded(exitApplication, errors.New("the function answered with an error"))
		}
	}
	return err
}

// unanswered says why there is no answer of the container.
func (c *invokeCommand) unanswered(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted; the run was cancelled")
	case c.Runtime != "":
		return unreachable(aRuntime, c.Runtime, err)
	}
	return coded(exitNoResult, err)
}

// container returns the runtime to play against: the given one, or a client
// container within this process.
func (c *invokeCommand) container(from source, view *activationView) (url string, end func() error, err error) {
	if c.Runtime != "" {
		if c.Runtime, err = serverURL(c.Runtime, aRuntime.usual); err != nil {
			return "", nil, coded(daemon.ExitUsage, fmt.Errorf("%s: %w", aRuntime.flag, err))
		}
		return c.Runtime, func() error { return nil }, nil
	}
	if err := c.resolve(aServer); err != nil {
		return "", nil, err
	}
	if err := c.reach(); err != nil {
		return "", nil, err
	}
	client := clientmode.New(clientmode.Config{
		Listen: "127.0.0.1:0", Upstream: c.Server, UpstreamName: c.Server, Kind: from.kind(), TokenFile: c.TokenFile, CAFile: c.CAFile,
		Limit: c.Limit, Stdout: view.stream("stdout"), Stderr: view.stream("stderr"),
	})
	if err := client.Start(); err != nil {
		return "", nil, err
	}
	return "http://" + client.Addr(), func() error { return within(5*time.Second, client.Stop) }, nil
}
