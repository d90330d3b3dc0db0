// Package build makes what functions need beyond their code: environments with
// their dependencies, compiled programs. What was built once is kept on disk,
// shared by the functions of a tenant, and outlives them. A build outlives the
// init that asked for it, too: the next init attaches to it.
package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// Errors of the shop. ErrUnfinished wraps the cause for which the caller's
// context ended: the build itself goes on.
var (
	ErrUnfinished = errors.New("it is still being built: the next init goes on from here")
	ErrClosed     = errors.New("the server is shutting down")
	ErrBusy       = errors.New("too many builds of this tenant are waiting")
	errTooLong    = errors.New("the build took too long and was ended")
)

// Sink takes what a build writes. It must not block.
type Sink interface {
	Log(stream runtimespec.Stream, text []byte)
}

// Config is what a shop needs to know.
type Config struct {
	Dir      string // the shop's alone; every user must be able to pass through it
	Box      *sandbox.Sandbox
	AtOnce   int64         // builds at the same time
	Timeout  time.Duration // of one build
	MaxBytes int64         // of all that is kept
}

// Shop makes and keeps builds.
type Shop struct {
	cfg      Config
	maxBytes atomic.Int64
	turn     *semaphore.Weighted

	base context.Context
	end  context.CancelCauseFunc
	jobs sync.WaitGroup

	mu       sync.Mutex // guards what follows
	draining bool
	running  map[string]*build              // by place
	used     map[string]int                 // how many functions use a place
	unseen   map[string]*build              // failed when nobody waited for them
	tenants  map[string]*tenant             // those with builds or products in use
	caches   map[string]*semaphore.Weighted // each used by one build at a time
}

// SetMaxBytes changes how much is kept, from the next build on.
func (s *Shop) SetMaxBytes(n int64) { s.maxBytes.Store(n) }

// Order says what is wanted. Equal orders are one build.
type Order struct {
	Tenant string // whose functions share it
	Key    string // everything that the result depends on
	// Cache names a folder that the tenant's orders of that name share. Only for
	// programs that run nothing of the action's: the Go toolchain.
	Cache string
	// Make fills the job's folder. ctx ends at the build's own time limit.
	Make func(ctx context.Context, j *Job) error
}

// Product is a finished build.
type Product struct {
	Dir string // to be read only
	// Group is the group that a process must be in to get there; 0: none.
	Group uint32
	// Release says that it is used no more, so that it may be evicted.
	Release func()
}

// Open uses a folder that an earlier shop may have filled.
func Open(cfg Config) (*Shop, error) {
	s := &Shop{
		cfg: cfg, turn: semaphore.NewWeighted(max(cfg.AtOnce, 1)),
		running: map[string]*build{}, used: map[string]int{}, unseen: map[string]*build{},
		tenants: map[string]*tenant{}, caches: map[string]*semaphore.Weighted{},
	}
	s.maxBytes.Store(cfg.MaxBytes)
	s.base, s.end = context.WithCancelCause(context.Background())
	for _, dir := range []string{cfg.Dir, s.path("made"), s.path("caches")} {
		if err := errors.Join(os.MkdirAll(dir, 0o711), os.Chmod(dir, 0o711)); err != nil {
			return nil, err
		}
	}
	s.tidy()
	return s, nil
}

// Dir is the shop's folder.
func (s *Shop) Dir() string { return s.cfg.Dir }

func (s *Shop) path(parts ...string) string {
	return filepath.Join(append([]string{s.cfg.Dir}, parts...)...)
}

// Get returns what was ordered, building it if need be. sink is told what the
// build writes, from its beginning.
func (s *Shop) Get(ctx context.Context, order Order, sink Sink) (*Product, error) {
	place := s.place(order)
	s.mu.Lock()
	if product, err := s.hand(place, order.Tenant); product != nil || err != nil {
		s.mu.Unlock()
		return product, err
	}
	if s.running[place] == nil && (s.draining || s.base.Err() != nil) {
		s.mu.Unlock()
		return nil, errBegun
	}
	b := s.attach(place, order)
	s.mu.Unlock()
	if b == nil {
		return nil, ErrBusy
	}
	detach := b.output.attach(sink)
	defer detach()
	select {
	case <-b.done:
		return s.collect(b)
	case <-ctx.Done():
		s.mu.Lock()
		b.waiting--
		s.mu.Unlock()
		return nil, fmt.Errorf("%w (%v so far): %w", ErrUnfinished, time.Since(b.began).Round(time.Second), context.Cause(ctx))
	}
}

// attach joins a build, or begins it; the caller holds mu. One that failed
// unseen is told to the first who asks, instead of failing again as slowly.
func (s *Shop) attach(place string, order Order) *build {
	b := s.running[place]
	if b == nil {
		b = s.unseen[place]
		delete(s.unseen, place)
	}
	if b == nil {
		if s.waiting(order.Tenant) >= maxOrders {
			return nil
		}
		b = &build{place: place, order: order, began: time.Now(), done: make(chan struct{})}
		s.running[place] = b
		s.jobs.Go(func() { s.perform(b) })
	}
	b.waiting++
	return b
}

// maxOrders is how many builds of one tenant may be under way or waiting: each
// holds its code.
const maxOrders = 16

// waiting counts a tenant's builds; the caller holds mu.
func (s *Shop) waiting(tenant string) (n int) {
	for _, b := range s.running {
		if b.order.Tenant == tenant {
			n++
		}
	}
	return n
}

// collect takes a finished build's outcome.
func (s *Shop) collect(b *build) (*Product, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.waiting--
	if b.err != nil {
		return nil, b.err
	}
	if product, err := s.hand(b.place, b.order.Tenant); product != nil || err != nil {
		return product, err
	}
	return nil, errors.New("what was built is gone already: the build cache is too small")
}

// Close ends what is being built and waits until nothing of it is left.
func (s *Shop) Close() error {
	s.end(errEnded)
	s.jobs.Wait()
	return nil
}
