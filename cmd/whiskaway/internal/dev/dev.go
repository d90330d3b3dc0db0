// Package dev is the command that serves an action on this host and initialises
// it again at each save. Each saved version gets a client container of its own.
// The command has a server within its process, unless it is told another one.
package dev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/action"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/target"
	"github.com/whiskaway/whiskaway/internal/daemon"
)

// Listen is the default address, one port above the platform's standalone
// server.
const Listen = "127.0.0.1:3234"

// grace is the time that runs have after the first signal.
const grace = 10 * time.Second

// Command serves an action.
type Command struct {
	Action        string            `arg:"" type:"path" placeholder:"DIR|FILE" help:"The action: a source file, script, program or archive, or a folder that becomes a zip."`
	Listen        string            `placeholder:"ADDRESS" help:"Address on loopback to serve on. [${devListen}, or a free port when that is taken]"`
	Main          string            `short:"m" default:"main" help:"The function to call."`
	Kind          string            `short:"k" help:"Kind of the action. [by the file's name or the folder's files, else sniffed by the server]"`
	Env           map[string]string `short:"e" placeholder:"NAME=VALUE" mapsep:"none" help:"An init parameter, in the action's environment."`
	Limit         time.Duration     `default:"60s" help:"Time for each init and for each run."`
	Python        string            `help:"Interpreter that has the action's libraries, for the server within this command."`
	target.Remote `embed:""`
}

// Help returns what --help adds.
func (c *Command) Help() string {
	return `Each save is initialised in a fresh client container and takes the place of the one before when it is ready; runs in flight finish where they are. One that fails is shown, and the one before goes on serving.

  whiskaway dev hello.py
  curl -d '{"name":"Ada"}' http://` + Listen + `/     the result, as JSON
  curl 'http://` + Listen + `/?name=Ada'             query parameters as arguments
  curl -F picture=@plate.jpg http://` + Listen + `/   a form; files in base64

The URL goes to stdout, logs and all else to stderr. Ctrl-C ends it. What was built is kept for the next start, in /var/cache/whiskaway for root, else in ~/.cache/whiskaway (XDG_CACHE_HOME).

A requirements.txt beside a Python file is installed as if both were a folder, unless --python names an interpreter that has what is needed.`
}

// Validate reports usage errors before Run.
func (c *Command) Validate() error {
	if c.Listen != "" && !daemon.Loopback(c.Listen) {
		return fmt.Errorf("--listen %s: any host that reaches it can run your action; only loopback is served, such as 127.0.0.1:0", c.Listen)
	}
	if c.Python != "" && c.Server != "" {
		return fmt.Errorf("--python is for the server within this command, and %s (--server, WHISKAWAY_SERVER, WHISKAWAY_UPSTREAM) has its own: leave one out", output.Printable(c.Server))
	}
	if c.Limit <= 0 {
		return fmt.Errorf("--limit must be a time such as 60s, not %s", c.Limit)
	}
	return nil
}

// Run serves the action until a signal comes.
func (c *Command) Run() (err error) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a reader of ours that is gone must not cut the end short
	if _, err = os.Stat(c.Action); err != nil {
		return err
	}
	if c.Server != "" {
		if err := c.Resolve(target.Server); err != nil {
			return err
		}
		if err := c.Reach(); err != nil {
			return err
		}
	}
	s := c.service()
	if s.container.Upstream == "" {
		server, failed := startServer(c.Python, c.Limit)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, within(grace, server.stop)) }()
		s.container.Upstream = server.url()
	} else if err := checkContainer(s.container); err != nil {
		return err
	}
	listener, err := c.listen(s)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/\n", listener.Addr())
	s.term.Say("%s: serving; try: curl -d '{\"name\":\"Ada\"}' http://%s/", filepath.Base(c.Action), listener.Addr())
	return s.serve(listener, signals)
}

func (c *Command) service() *service {
	return &service{
		source: action.Source{Path: c.Action, ForcedKind: c.Kind, WithRequirements: c.Python == ""}, main: c.Main, env: c.Env, term: output.NewTerminal(os.Stderr), why: errStarting,
		container: clientmode.Config{
			Listen: "127.0.0.1:0", Upstream: c.Server, UpstreamName: c.Server, TokenFile: c.TokenFile, CAFile: c.CAFile, Limit: c.Limit,
		},
	}
}

// listen starts serving s at the user's address. Another action may hold the
// default port; then a free one is used.
func (c *Command) listen(s *service) (*daemon.Listener, error) {
	addresses := []string{c.Listen}
	if c.Listen == "" {
		addresses = []string{Listen, "127.0.0.1:0"}
	}
	var err error
	for _, address := range addresses {
		l := &daemon.Listener{Listen: address, Handler: s, Log: zap.NewNop()}
		if err = l.Start(); err == nil {
			return l, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w; --listen %s takes a free port", err, net.JoinHostPort("127.0.0.1", "0"))
}

// serve follows the source until a signal comes, then ends everything. A second
// signal cuts the runs in flight short.
func (s *service) serve(listener *daemon.Listener, signals <-chan os.Signal) error {
	ctx, stop := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() { s.follow(ctx) })
	first := <-signals
	s.term.Say("%v: ending; a run in flight has %v, a second signal cancels it", first, grace)
	stop()
	err := within(grace, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() {
			select {
			case <-signals:
				cancel()
			case <-ctx.Done():
			}
		}()
		return listener.Stop(ctx)
	})
	switch {
	case errors.Is(err, context.Canceled):
		s.term.Say("runs in flight were cancelled by the second signal")
		err = nil
	case errors.Is(err, context.DeadlineExceeded):
		s.term.Say("runs in flight were cancelled after %v", grace)
		err = nil
	}
	following.Wait()
	s.end()
	return err
}

// checkContainer reports what is wrong with a container's configuration before
// the first version uses it.
func checkContainer(cfg clientmode.Config) error {
	probe := clientmode.New(cfg)
	err := probe.Start()
	return errors.Join(err, within(grace, probe.Stop))
}

func within(d time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return do(ctx)
}
