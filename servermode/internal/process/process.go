package process

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// These are the errors of a process. ErrNotDelivered means that the process saw
// nothing of the run, so that another process may get it.
var (
	ErrExited       = errors.New("command exited")
	ErrNotDelivered = errors.New("the process was gone before it got the run")
	ErrExtraOutput  = errors.New("the action wrote more than one result")
	ErrEarlyOutput  = errors.New("the action wrote a result before it was given a run")
	ErrTooLarge     = errors.New("the result is too large")
)

// AckError is a line that a process wrote in place of its ack.
type AckError struct{ Line string }

func (*AckError) Error() string { return "the action did not acknowledge its start" }

// Sink takes what a process writes to stdout and stderr. It must not block.
type Sink interface {
	Log(stream runtimespec.Stream, log []byte)
}

// Spec says what to start.
type Spec struct {
	Path       string // absolute
	Args       []string
	Env        []string
	Dir        string
	WaitForAck bool          // the process writes {"ok":true} to descriptor 3 when it is ready
	Grace      time.Duration // without ack: how long it must live to count as started
	MaxResult  int           // bytes of a result
	StopGrace  time.Duration // how long it may take to end itself when its run is ended
	Framed     bool          // it speaks the framed protocol, after its ack; needs WaitForAck
	Web        Web           // it is a web server, and speaks neither; closed with the process
	// Shielded processes react to SIGTERM only after their stdin was closed.
	Shielded bool
	// Fork, unless nil, makes the process. Path is executed only if it cannot.
	Fork sandbox.Forker
	// Closed, unless nil, is called when nothing is left of the process, also after
	// a failed start.
	Closed func()
}

// Process is a started process. Only a framed process and a web server take several
// runs at once.
type Process struct {
	spec   Spec
	group  *sandbox.Group
	in     *os.File
	out    *reader
	exited chan struct{} // closed when the process itself has ended
	gone   chan struct{} // closed when its whole tree has, and is reaped
	kill   sync.Once
	killed chan struct{} // closed by Kill
	closed sync.Once     // guards the call of Closed
	pidfd  int
	framed *framed // nil unless it is
	web    *web    // nil unless it is

	logs  logs
	yield yield
}

// Start starts a process in the group and waits until it is ready. What it writes
// until then goes to the first run's logs, or to sink if the start fails.
func Start(ctx context.Context, group *sandbox.Group, spec Spec, sink Sink) (*Process, error) {
	p, err := start(ctx, group, spec, sink)
	if err != nil && spec.Closed != nil {
		spec.Closed()
	}
	return p, err
}

func start(ctx context.Context, group *sandbox.Group, spec Spec, sink Sink) (*Process, error) {
	p := &Process{spec: spec, group: group, exited: make(chan struct{}), gone: make(chan struct{}), killed: make(chan struct{})}
	if err := p.launch(); err != nil {
		if spec.Web != nil {
			spec.Web.Close()
		}
		return nil, err
	}
	go p.wait()
	if err := p.ready(ctx, sink); err != nil {
		err = p.end(err)
		p.logs.detach(sink)
		p.free()
		if errors.Is(err, ErrExited) && group.Lost() { // its parent failed, not the function: execute it
			spec.Fork = nil
			return start(ctx, group, spec, sink)
		}
		return nil, err
	}
	switch {
	case spec.Framed:
		p.framed = newFramed(p)
	case spec.Web != nil:
		p.web = &web{p: p}
	}
	return p, nil
}

// ready waits for the ack. Without ack it checks that the process does not exit at
// once.
func (p *Process) ready(ctx context.Context, sink Sink) error {
	if p.spec.Web != nil {
		return p.serves(ctx, sink)
	}
	if !p.spec.WaitForAck {
		return p.settled(ctx)
	}
	line, err := p.interruptible(ctx, p.out.line)
	if err != nil {
		return err
	}
	var ack struct {
		OK bool `json:"ok"`
	}
	if jsontext.Unmarshal(line, &ack) != nil || !ack.OK {
		return &AckError{Line: string(line)}
	}
	if p.out.look(); p.out.rest {
		return ErrEarlyOutput
	}
	return nil
}

// settled waits until the process waits for its first run, or has lived for the
// grace. The grace counts from when it became the function's program.
func (p *Process) settled(ctx context.Context) error {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	var since time.Time
	for {
		select {
		case <-p.exited:
			return ErrExited
		case <-ctx.Done():
			return context.Cause(ctx)
		case now := <-look.C:
			switch {
			case since.IsZero() && !p.group.Running():
				continue
			case since.IsZero():
				since = now
			}
			if p.out.look(); p.out.rest {
				return ErrEarlyOutput
			}
			if !p.group.AwaitsInput() && now.Sub(since) <= p.spec.Grace {
				continue
			}
			if sandbox.ExitedWithin(p.pidfd, 0) { // wait may not have been told yet
				return ErrExited
			}
			return nil
		}
	}
}

// interruptible calls read. A cancelled ctx or the end of the process ends it early.
func (p *Process) interruptible(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	stop := context.AfterFunc(ctx, p.interrupt)
	line, err := read()
	if !stop() { // cancelled, perhaps after the line: the process is not to be used again
		p.stop(context.Cause(ctx))
		if err != nil {
			return nil, context.Cause(ctx)
		}
	}
	return line, err
}

// interrupt makes pending and later I/O with the process fail.
func (p *Process) interrupt() {
	past := time.Unix(1, 0)
	_ = p.in.SetWriteDeadline(past)
	_ = p.out.file.SetReadDeadline(past)
}

// PID returns the process's id.
func (p *Process) PID() int { return p.group.PID() }

// Alive reports whether the process can be given a run.
func (p *Process) Alive() bool {
	if p.framed != nil && p.framed.left.Load() || p.web != nil && p.web.left.Load() {
		return false
	}
	select {
	case <-p.exited:
		return false
	case <-p.killed:
		return false
	default:
		return true
	}
}
