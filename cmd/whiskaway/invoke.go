package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/clientmode"
)

type invokeCommand struct {
	File      string            `short:"f" required:"" type:"existingfile" help:"The action: a source file, script, program, zip or tar.gz."`
	Param     []string          `short:"p" placeholder:"NAME=VALUE" sep:"none" help:"An argument; VALUE may be JSON, and @FILE is a file's content in base64."`
	Env       map[string]string `short:"e" placeholder:"NAME=VALUE" mapsep:"none" help:"An init parameter, in the action's environment."`
	Main      string            `short:"m" default:"main" help:"The function to call."`
	Kind      string            `short:"k" help:"Kind of the action. [by the file's name, else sniffed by the server]"`
	Upstream  string            `help:"URL of a server or balancer; a client container for it is part of this command." xor:"where" required:""`
	Runtime   string            `help:"URL of any OpenWhisk runtime container; its logs stay on its own streams." xor:"where" required:""`
	TokenFile string            `type:"path" env:"WHISKAWAY_TOKEN_FILE" help:"Bearer token for the upstream."`
	CAFile    string            `type:"path" env:"WHISKAWAY_CA_FILE" help:"Certificates to trust for the upstream, PEM."`
	Repeat    int               `short:"n" default:"1" help:"How many times to run it."`
	Limit     time.Duration     `default:"60s" help:"Time for the init and for each run."`
}

// Run initialises the action and runs it; the results go to stdout, all else
// to stderr.
func (c *invokeCommand) Run() (err error) {
	code, err := readCode(c.File)
	if err != nil {
		return err
	}
	args, err := parameters(c.Param)
	if err != nil {
		return err
	}
	logs := &logView{}
	url, stop, err := c.container(logs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	name := strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File))
	inv := newInvoker(url, name, c.Limit)
	init, err := inv.init(context.Background(), code, c.Main, c.Env)
	if err != nil {
		return err
	}
	logs.show("init")
	if init.failed() {
		return fmt.Errorf("init: status %d: %s", init.Status, init.Body)
	}
	fmt.Fprintf(os.Stderr, "init: ready after %s\n", init.Took.Round(time.Millisecond/10))
	for range c.Repeat {
		if err := c.runOnce(inv, args, logs); err != nil {
			return err
		}
	}
	return nil
}

func (c *invokeCommand) runOnce(inv *invoker, args any, logs *logView) error {
	r, err := inv.run(context.Background(), args)
	if err != nil {
		return err
	}
	logs.show("run " + r.Activation)
	fmt.Fprintf(os.Stderr, "run %s: status %d after %s\n", r.Activation, r.Status, r.Took.Round(time.Millisecond/10))
	var pretty bytes.Buffer
	if json.Indent(&pretty, r.Body, "", "  ") != nil {
		pretty.Reset()
		pretty.Write(r.Body)
	}
	fmt.Println(pretty.String())
	if r.failed() {
		return fmt.Errorf("run: status %d", r.Status)
	}
	return nil
}

// container returns the runtime to play against: the given one, or a client
// container within this process.
func (c *invokeCommand) container(logs *logView) (url string, stop func() error, err error) {
	if c.Runtime != "" {
		return c.Runtime, func() error { return nil }, nil
	}
	kind := c.Kind
	if kind == "" {
		kind = kindOf(c.File)
	}
	client := clientmode.New(clientmode.Config{
		Listen: "127.0.0.1:0", Upstream: c.Upstream, Kind: kind, TokenFile: c.TokenFile, CAFile: c.CAFile,
		Limit: c.Limit, Stdout: logs.stream("stdout"), Stderr: logs.stream("stderr"),
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

// logView gathers what a container writes and shows it apart from the result.
type logView struct {
	mu    sync.Mutex // guards lines
	lines bytes.Buffer
}

// stream is one of the container's streams; its lines are marked with a name.
func (l *logView) stream(name string) io.Writer {
	return &lineWriter{show: func(line []byte) {
		l.mu.Lock()
		defer l.mu.Unlock()
		fmt.Fprintf(&l.lines, "  %s: %s\n", name, line)
	}}
}

// show prints the lines gathered so far under a heading.
func (l *logView) show(heading string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines.Len() > 0 {
		fmt.Fprintf(os.Stderr, "%s, logs:\n%s", heading, l.lines.String())
	}
	l.lines.Reset()
}
