package zygote

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// patience bounds each request, to the parent or to a child.
const patience = 3 * time.Second

// Config says what a parent is.
type Config struct {
	Box         *sandbox.Sandbox
	Interpreter string   // absolute
	Launcher    string   // the path of python.py
	Env         []string // what every function's environment has; nothing secret
	Preload     []string // modules beyond the usual ones, which must be there
	// Notice, unless nil, is told why a parent ended.
	Notice func(err error)
}

// PreloadError is the error of a module that could not be imported.
type PreloadError struct {
	Module string `json:"module"`
	Cause  string `json:"cause"`
}

func (e *PreloadError) Error() string {
	return fmt.Sprintf("module %s cannot be imported: %s", e.Module, e.Cause)
}

// Parent is one parent, replaced when it ends. A nil Parent forks nothing; its
// methods may be called.
type Parent struct {
	cfg Config
	env environment
	end context.CancelFunc
	all sync.WaitGroup // what has to end before Close returns

	mu    sync.Mutex // guards what follows
	state state
	life  *life // nil unless up
	stats Stats
}

// Open starts the parent and waits until it can fork.
func Open(cfg Config) (*Parent, error) {
	if cfg.Notice == nil {
		cfg.Notice = func(error) {}
	}
	ctx, end := context.WithCancel(context.Background())
	p := &Parent{cfg: cfg, env: environmentOf(cfg.Env), end: end, stats: Stats{Fallbacks: map[Cause]uint64{}}}
	first, err := p.startLife(ctx)
	if err != nil {
		p.Close()
		return nil, err
	}
	p.enter(up, first)
	p.all.Go(func() { p.keep(ctx, first) })
	return p, nil
}

// Close ends the parent, and with it all functions that it forked.
func (p *Parent) Close() {
	if p != nil {
		p.end()
		p.all.Wait()
	}
}

// TouchesGPU reports whether importing the modules touched a GPU. Then nothing can
// be forked.
func (p *Parent) TouchesGPU() bool {
	l, _ := p.current()
	return l != nil && l.hello.CUDA
}

// PID returns the parent's process id, 0 while there is none.
func (p *Parent) PID() int {
	if l, _ := p.current(); l != nil {
		return l.hello.PID
	}
	return 0
}
