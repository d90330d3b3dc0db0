package launch

import (
	"context"
	"os"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/webproc"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

// program starts the processes of one function: it lays the code out once, in
// a folder that belongs to the function's own user.
type program struct {
	launcher *Launcher
	tenant   string
	spec     runtimespec.Function

	laying  *semaphore.Weighted // held while the code is laid out
	dir     string              // empty until laid out
	user    *sandbox.User
	kind    kind.Kind
	command kind.Command

	atOnce atomic.Int32 // the command's concurrency, 0 until it is known
	shared shared       // its processes, if they take several runs at once
}

// Program returns the maker of a program, for a function that the table may not know
// yet.
func (l *Launcher) Program(tenant string, spec runtimespec.Function) func() (function.Program, error) {
	return func() (function.Program, error) {
		return &program{launcher: l, tenant: tenant, spec: spec, laying: semaphore.NewWeighted(1)}, nil
	}
}

// Start starts one process, or takes a seat in one that has room.
func (p *program) Start(ctx context.Context, sink function.Sink) (function.Instance, error) {
	if err := p.prepare(ctx, sink); err != nil {
		return nil, p.failed(ctx, err, sink)
	}
	if p.Concurrency() > 1 {
		return orNil(p.shared.take(ctx, p.Concurrency(), func() (*process.Process, error) { return p.launch(ctx, sink) }))
	}
	proc, err := p.launch(ctx, sink)
	return orNil(instance{proc}, err)
}

// orNil returns a nil instance with an error.
func orNil(i function.Instance, err error) (function.Instance, error) {
	if err != nil {
		return nil, err
	}
	return i, nil
}

// Concurrency returns how many runs one process takes at once.
func (p *program) Concurrency() int { return max(1, int(p.atOnce.Load())) }

func (p *program) launch(ctx context.Context, sink function.Sink) (*process.Process, error) {
	function.Enter(sink, function.StageStart)
	proc, err := p.start(ctx, sink)
	if err != nil {
		return nil, p.failed(ctx, err, sink)
	}
	return proc, nil
}

// start starts a process in folders of its own, which go with it.
func (p *program) start(ctx context.Context, sink function.Sink) (*process.Process, error) {
	folders, err := p.launcher.Box.Folders(p.place())
	if err != nil {
		return nil, err
	}
	c := p.command
	spec := process.Spec{
		Path: c.Path, Args: c.Args, Dir: c.Dir, Env: p.env(folders), Framed: c.Protocol == kind.Framed,
		WaitForAck: c.WaitForAck, Shielded: c.Shielded, Grace: c.Grace, MaxResult: p.launcher.cfg.MaxResult, StopGrace: p.launcher.cfg.StopGrace(),
		Closed: func() { p.launcher.removeLater(folders) },
	}
	if c.Protocol == kind.Web {
		if err := p.serve(&spec); err != nil {
			spec.Closed()
			return nil, err
		}
	}
	p.fork(&spec)
	group := p.launcher.Box.Group(p.user)
	group.Folders = folders
	return process.Start(ctx, group, spec, sink)
}

// place describes where the function's processes get their folders.
func (p *program) place() sandbox.Place {
	return sandbox.Place{Dir: p.dir, Action: p.command.Dir, User: p.user, Keep: p.launcher.needs}
}

// Close removes the function's folder; its code stays cached.
func (p *program) Close() {
	if p.dir != "" {
		p.giveBack()
		p.launcher.removeFolder(p.dir)
	}
	if p.user != nil {
		p.launcher.Box.Users.Release(p.user)
	}
}

// serve makes spec a web server's process, with a port of its own.
func (p *program) serve(spec *process.Spec) error {
	uid := uint32(os.Getuid())
	if p.user != nil {
		uid = p.user.ID
	}
	client, err := webproc.New(webproc.Endpoint(p.command.Endpoint), uid, p.Concurrency())
	if err != nil {
		return err
	}
	spec.Web, spec.Env = client, client.Environ(spec.Env)
	return nil
}

// fork makes spec a forked process, if it can be forked.
func (p *program) fork(spec *process.Spec) {
	if f := p.command.Fork; f != nil {
		spec.Fork = p.launcher.Parent.For(zygote.Program{Env: spec.Env, Dir: spec.Dir, Folder: f.Folder, Main: f.Main, Venv: f.Venv, Apart: f.Apart})
	}
}
