package servermode

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// actionFolder is where in a function's folder its code is laid out.
const actionFolder = "action"

// errStart is wrapped by a failure to start that is the host's, not the
// action's: no memory, no disk, too many processes.
var errStart = errors.New("the server could not start the function")

// program starts the processes of one function: it lays the code out once, in
// a folder that belongs to the function's own user.
type program struct {
	server *Server
	tenant string
	spec   runtimespec.Function

	laying  *semaphore.Weighted // held while the code is laid out
	dir     string              // empty until laid out
	user    *sandbox.User
	kind    kind.Kind
	command kind.Command

	atOnce atomic.Int32 // the command's concurrency, 0 until it is known
	shared shared       // its processes, if they take several runs at once
}

// Start starts one process, or finds a place in one that has room.
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

// orNil makes a failure's instance a nil one.
func orNil(i function.Instance, err error) (function.Instance, error) {
	if err != nil {
		return nil, err
	}
	return i, nil
}

// Concurrency is how many runs one process takes at once.
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
	folders, err := p.server.box.Folders(p.place())
	if err != nil {
		return nil, err
	}
	c := p.command
	spec := process.Spec{
		Path: c.Path, Args: c.Args, Dir: c.Dir, Env: p.env(folders), Framed: c.Protocol == kind.Framed,
		WaitForAck: c.WaitForAck, Shielded: c.Shielded, Grace: c.Grace, MaxResult: p.server.cfg.MaxResult, StopGrace: p.server.settings().StopGrace,
		Closed: func() { p.server.removeLater(folders) },
	}
	if c.Protocol == kind.Web {
		if err := p.serve(&spec); err != nil {
			spec.Closed()
			return nil, err
		}
	}
	p.fork(&spec)
	group := p.server.box.Group(p.user)
	group.Folders = folders
	return process.Start(ctx, group, spec, sink)
}

// place is where the function's processes get their folders.
func (p *program) place() sandbox.Place {
	return sandbox.Place{Dir: p.dir, Action: p.command.Dir, User: p.user, Keep: p.server.needs}
}

// failed sorts a failure: the action's own is told to its author, in the
// answer and on stderr.
func (p *program) failed(ctx context.Context, err error, sink function.Sink) error {
	err = p.server.blameHost(p.server.explain(err))
	var ack *process.AckError
	var problem *kind.ActionError
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return err
	case hostFault(err) != "":
		return fmt.Errorf("%w: %w", errStart, err)
	case errors.As(err, &ack):
		problem = p.kind.StartError(err, ack.Line)
	case errors.Is(err, process.ErrExited), errors.Is(err, process.ErrEarlyOutput), errors.Is(err, process.ErrUnfit):
		problem = p.kind.StartError(err, "")
	case !errors.As(err, &problem):
		return fmt.Errorf("%w: %w", errStart, err)
	}
	if problem.Log != "" {
		sink.Log(runtimespec.Stderr, []byte(problem.Log+"\n"))
	}
	return problem
}

// prepare lays the function's code out, once.
func (p *program) prepare(ctx context.Context, sink function.Sink) error {
	if err := p.laying.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	defer p.laying.Release(1)
	if p.dir != "" {
		return nil
	}
	function.Enter(sink, function.StagePrepare)
	text, err := p.server.store.Get(p.tenant, p.spec.Code)
	if err != nil {
		return err
	}
	code, err := kind.Decode(text, p.spec.Binary)
	if err != nil {
		return err
	}
	if p.kind, err = p.server.kinds.Resolve(p.spec.Kind, code); err != nil {
		return err
	}
	if p.server.box.Users != nil && p.user == nil {
		if p.user, err = p.server.box.Users.Acquire(); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp(p.server.state.path("functions"), "")
	if err != nil {
		return err
	}
	if err := p.layOut(ctx, dir, code, sink); err != nil {
		return errors.Join(err, tree.Remove(dir))
	}
	p.dir = dir
	p.atOnce.Store(int32(p.command.Concurrency))
	return nil
}

func (p *program) layOut(ctx context.Context, dir string, code kind.Code, sink function.Sink) error {
	src := filepath.Join(dir, actionFolder)
	// The function's folder is the server's: its processes find only what they are told.
	if err := errors.Join(os.Chmod(dir, 0o711), os.Mkdir(src, 0o700)); err != nil {
		return err
	}
	site := kind.Site{Dir: src, Tenant: p.tenant, Env: p.spec.Env, Builder: p.server.builder, Limits: p.server.cfg.archives(), Sink: sink}
	command, err := p.kind.Prepare(ctx, site, code, p.spec.Main)
	if err != nil {
		return err
	}
	p.command = command
	if p.user != nil {
		p.user.Group = p.command.Group
	}
	if err := p.giveAway(src); err != nil {
		p.giveBack()
		return err
	}
	return nil
}

// giveBack returns what the command shares with other functions.
func (p *program) giveBack() {
	if p.command.Close != nil {
		p.command.Close()
	}
}

// giveAway makes the folder the function's user's.
func (p *program) giveAway(dir string) error {
	if p.user == nil {
		return nil
	}
	id := int(p.user.ID)
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, id, id)
	})
}

// passed are the server's own variables that every function sees.
var passed = []string{"PATH", "LANG", "LC_ALL", "TZ"}

// env is the whole environment of the function's processes: a list of what is
// allowed, the action's own on top.
func (p *program) env(folders *sandbox.Folders) []string {
	vars := p.server.commonVars()
	vars["HOME"], vars["TMPDIR"] = folders.Home, folders.Tmp
	vars["USER"], vars["LOGNAME"] = folders.UserName, folders.UserName
	maps.Copy(vars, kind.FunctionEnv(p.spec.Kind))
	for _, entry := range p.command.Env {
		key, value, _ := strings.Cut(entry, "=")
		vars[key] = value
	}
	maps.Copy(vars, p.spec.Env)
	delete(vars, sandbox.EnvInstance)
	return entries(vars)
}

// commonVars are what every function's environment begins with.
func (s *Server) commonVars() map[string]string {
	vars := map[string]string{"LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
	for _, key := range slices.Concat(passed, s.cfg.PassEnv) {
		if value, ok := os.LookupEnv(key); ok {
			vars[key] = value
		}
	}
	vars["PATH"] += ":" + s.state.path("launchers/bin") // last: what the host has goes first
	return vars
}

// entries writes variables as processes take them.
func entries(vars map[string]string) []string {
	out := make([]string, 0, len(vars)+1)
	for key, value := range vars {
		out = append(out, key+"="+value)
	}
	slices.Sort(out)
	return out
}

// Close removes the function's folder; its code stays cached.
func (p *program) Close() {
	if p.dir != "" {
		p.giveBack()
		p.server.removeFolder(p.dir)
	}
	if p.user != nil {
		p.server.box.Users.Release(p.user)
	}
}
