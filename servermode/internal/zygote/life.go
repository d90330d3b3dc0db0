package zygote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

const (
	// importTime bounds the time in which a parent imports its modules.
	importTime = 2 * time.Minute
	// maxHello bounds the parent's first message, in bytes.
	maxHello = 256 << 10
)

// parentsOwn keeps numerical libraries from starting threads, which a fork would
// lose; each child sets its own number. It also keeps a user's packages out.
var parentsOwn = []string{"OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1", "HOME=/nonexistent"}

// life is one process that forks. It may end at any time.
type life struct {
	control *net.UnixConn
	hello   hello
	spare   chan *newborn // a child forked in advance; never buffered
	asking  chan struct{} // holds a token during a request: one at a time
	over    chan struct{} // closed when it gets no more requests
	kill    context.CancelFunc
	gone    chan struct{} // closed when the process and its tree are gone
	ended   error         // how it ended; set before gone is closed

	mu       sync.Mutex // guards what follows
	children int        // not reaped yet
	retired  bool
}

// hello is the parent's first message, sent when its modules are imported.
type hello struct {
	PID     int           `json:"pid"`
	Failed  *PreloadError `json:"failed"`
	Names   []string      `json:"names"`   // top-level modules that the launcher alone would not import
	Foreign []string      `json:"foreign"` // those that are not the standard library's
	CUDA    bool          `json:"cuda"`
}

// startLife starts a process and waits until it can fork.
func (p *Parent) startLife(ctx context.Context) (*life, error) {
	control, theirs, err := channel(unix.SOCK_SEQPACKET)
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	ctx, kill := context.WithCancel(ctx)
	l := &life{control: control, kill: kill, spare: make(chan *newborn), asking: make(chan struct{}, 1), over: make(chan struct{}), gone: make(chan struct{})}
	group, printed := p.cfg.Box.Group(nil), &tail{}
	cmd := p.command(theirs, printed)
	pidfd, err := group.Start(cmd)
	if err != nil {
		kill()
		return nil, errors.Join(err, control.Close())
	}
	p.all.Go(func() {
		defer close(l.gone)
		state, err := group.Attend(ctx, pidfd)
		l.ended = errors.Join(fmt.Errorf("the process that forks functions ended (%v): %s", state, printed), err)
		l.retire()
		_ = control.Close()
	})
	_ = theirs.Close() // otherwise the process's end would go unnoticed
	if l.hello, err = l.greeting(); err != nil {
		kill()
		<-l.gone // so that its last output is there
		return nil, fmt.Errorf("%w: %w", err, l.ended)
	}
	p.all.Go(l.stock)
	return l, nil
}

// channel returns a socket of ours and the other end of it.
func channel(kind int) (*net.UnixConn, *os.File, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return conn.(*net.UnixConn), theirs, nil
}

// command returns the parent's command. It starts as a function's does, with pipes
// as its streams, so that a child finds the same.
func (p *Parent) command(control *os.File, printed *tail) *exec.Cmd {
	cmd := exec.Command(p.cfg.Interpreter, "-B", p.cfg.Launcher, "--fork", strings.Join(p.cfg.Preload, ","))
	cmd.Env = append(slices.Clone(p.cfg.Env), parentsOwn...)
	cmd.Dir, cmd.WaitDelay = "/", time.Second
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(""), printed, printed
	cmd.ExtraFiles = []*os.File{control}
	return cmd
}

// greeting waits until the modules are imported.
func (l *life) greeting() (out hello, err error) {
	text, err := l.receive(importTime, maxHello)
	if err == nil {
		err = jsontext.Unmarshal(text, &out)
	}
	if err != nil {
		return out, fmt.Errorf("the process that would fork functions did not get ready: %w", err)
	}
	if out.Failed != nil {
		return out, out.Failed
	}
	return out, nil
}

// retire stops sending it requests. It is killed when its last child is gone,
// because the child would be killed with it.
func (l *life) retire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.retired {
		l.retired = true
		close(l.over)
	}
	if l.children == 0 {
		l.kill()
	}
}

// count adds to the number of its children.
func (l *life) count(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.children += n; l.retired && l.children == 0 {
		l.kill()
	}
}
