// Package conformance is the command that checks a runtime against the suite of
// runtime-spec/conformance. The runtime is a container that runs already, or a
// command that starts one.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/exit"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

// Command checks a runtime.
type Command struct {
	URL      string   `arg:"" optional:"" name:"url" help:"A runtime container that runs already: HOST, HOST:PORT or URL; the usual port is 8080."`
	Exec     string   `placeholder:"CMD" help:"Command that runs a fresh container in the foreground, on the loopback port {port}; also {kind} and {env}."`
	Restart  string   `placeholder:"CMD" help:"With URL: command that puts a fresh container there, before each case; also {kind} and {env}."`
	Kind     []string `short:"k" help:"Kind that the runtime serves, any number of times: ${conformanceKinds}."`
	Case     []string `placeholder:"ID" help:"Check this case only, any number of times."`
	Provides []string `placeholder:"WHAT" help:"What the container obeys or has, any number of times: ack (OW_WAIT_FOR_ACK), exec-env (OW_EXECUTION_ENV), kind (WHISKAWAY_KIND), openwhisk (the JavaScript package), env (its environment is the case's, although CMD has no {env})."`
	Relayed  bool     `help:"The streams come to CMD from elsewhere: a log may arrive up to 2 s after its answer. [true for docker, podman and the like]"`
	Strict   bool     `help:"Fail for the demands of our own too, which published runtimes may not meet."`
	List     bool     `help:"List the cases and end."`
	JSON     bool     `name:"json" help:"Print JSON."`
}

// Help returns what --help adds.
func (*Command) Help() string {
	return `Plays OpenWhisk's invoker against any runtime and prints what holds of what the platform expects. Nearly every case needs a container of its own, because a container takes one init.

A program on this host:
  whiskaway conformance --kind native --exec './runtime --listen 127.0.0.1:{port}'
  whiskaway conformance --kind nodejs --exec 'servermode --listen 127.0.0.1:{port} --plain-kind {kind}'

An image; {env} becomes -e NAME for each variable of the case, --init lets SIGTERM end whatever is in it:
  whiskaway conformance --kind python --exec 'docker run --rm --init {env} -p 127.0.0.1:{port}:8080 IMAGE'

A container elsewhere, whose logs cannot be seen, with a command that replaces it:
  whiskaway conformance --kind python --restart 'ssh host restart-runtime' http://host:8080

Without --restart only the cases are checked that one container can be asked.

Exit code: 0 when no demand of the platform's own suites fails, 1 when one does, 2 for wrong usage, 5 when nothing answers at the URL.`
}

// Run checks the cases and prints their outcomes.
func (c *Command) Run() error {
	suites, err := c.suites()
	if err != nil {
		return err
	}
	if c.List {
		return c.print(suites, listCases)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := c.tryStart(ctx, suites); err != nil {
		return err
	}
	bar := output.NewBar(countCases(suites), "cases")
	for i := range suites {
		suites[i].run(ctx, c.target(suites[i].kind), c.oneContainer(), func() { _ = bar.Add(1) })
	}
	_ = bar.Exit() // an unfinished line of it
	return errors.Join(c.print(suites, printReports), c.verdict(ctx, suites))
}

// oneContainer reports whether the container at the URL is the only one.
func (c *Command) oneContainer() bool { return c.URL != "" && c.Restart == "" }

// tryStart fails early when no container starts, instead of once for each case.
func (c *Command) tryStart(ctx context.Context, suites []suite) error {
	if c.oneContainer() {
		return exit.With(exit.Unreachable, awaitHTTP(ctx, c.URL, 0))
	}
	container, err := c.target(suites[0].kind).Start(ctx, nil)
	if err != nil {
		return fmt.Errorf("the runtime does not start: %w", err)
	}
	return container.Close()
}

// verdict returns an error when the runtime does not conform.
func (c *Command) verdict(ctx context.Context, suites []suite) error {
	var failed, own, checked int
	for _, s := range suites {
		checked += len(s.report) - s.report.Count(conformance.NotChecked)
		for _, o := range s.report {
			if c.oneContainer() && o.Why != nil && strings.Contains(o.Why.Error(), "Cannot initialize the action more than once") {
				fmt.Fprintf(os.Stderr, "the container seems to have been initialised before: start a fresh one\n")
			}
			switch {
			case o.Verdict != conformance.Failed:
			case o.Case.Own:
				own++
			default:
				failed++
			}
		}
	}
	if own > 0 && !c.Strict {
		fmt.Fprintf(os.Stderr, "%d of the failures are of demands of our own, which count with --strict only\n", own)
		own = 0
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted before all cases were checked")
	case failed+own > 0:
		return fmt.Errorf("the runtime does not conform: %d failed", failed+own)
	case checked == 0:
		return errors.New("no case could be checked")
	}
	return nil
}
