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

// Errors of the builder. ErrUnfinished wraps the cause for which the caller's
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

// Config is what a builder needs to know.
type Config struct {
	Dir      string // the builder's alone; every user must be able to pass through it
	Box      *sandbox.Sandbox
	AtOnce   int64         // builds at the same time
	Timeout  time.Duration // of one build
	MaxBytes int64         // of all that is kept
}

// Builder makes and keeps builds. Unexported methods that do not lock mu are called
// with it held, as far as they use what it guards.
type Builder struct {
	cfg      Config
	maxBytes atomic.Int64
	slots    *semaphore.Weighted // builds at the same time

	base context.Context
	end  context.CancelCauseFunc
	jobs sync.WaitGroup

	mu       sync.Mutex // guards what follows
	draining bool
	running  map[string]*flight             // by place
	used     map[string]int                 // how many functions use a place
	unseen   map[string]*flight             // failed while no init waited for them
	tenants  map[string]*tenant             // those with builds or products in use
	caches   map[string]*semaphore.Weighted // each used by one build at a time
}

// SetMaxBytes changes how much is kept, from the next build on.
func (b *Builder) SetMaxBytes(n int64) { b.maxBytes.Store(n) }

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
	// Group is the group that a process must be in to enter Dir; 0: none.
	Group uint32
	// Release ends the use of the product, so that it may be evicted.
	Release func()
}

// Open returns a builder on a folder that an earlier builder may have used.
func Open(cfg Config) (*Builder, error) {
	b := &Builder{
		cfg: cfg, slots: semaphore.NewWeighted(max(cfg.AtOnce, 1)),
		running: map[string]*flight{}, used: map[string]int{}, unseen: map[string]*flight{},
		tenants: map[string]*tenant{}, caches: map[string]*semaphore.Weighted{},
	}
	b.maxBytes.Store(cfg.MaxBytes)
	b.base, b.end = context.WithCancelCause(context.Background())
	for _, dir := range []string{cfg.Dir, b.path("made"), b.path("caches")} {
		if err := errors.Join(os.MkdirAll(dir, 0o711), os.Chmod(dir, 0o711)); err != nil {
			return nil, err
		}
	}
	b.tidy()
	return b, nil
}

// Dir is the builder's folder.
func (b *Builder) Dir() string { return b.cfg.Dir }

func (b *Builder) path(parts ...string) string {
	return filepath.Join(append([]string{b.cfg.Dir}, parts...)...)
}

// Get returns what was ordered, and builds it if need be. It passes the build's
// output to sink, from its start.
func (b *Builder) Get(ctx context.Context, order Order, sink Sink) (*Product, error) {
	place := b.place(order)
	b.mu.Lock()
	if product, err := b.hand(place, order.Tenant); product != nil || err != nil {
		b.mu.Unlock()
		return product, err
	}
	if b.running[place] == nil && (b.draining || b.base.Err() != nil) {
		b.mu.Unlock()
		return nil, errNoStart
	}
	f := b.attach(place, order)
	b.mu.Unlock()
	if f == nil {
		return nil, ErrBusy
	}
	detach := f.output.attach(sink)
	defer detach()
	if err := f.Wait(ctx); err != nil {
		return nil, fmt.Errorf("%w (%v so far): %w", ErrUnfinished, time.Since(f.started).Round(time.Second), err)
	}
	return b.collect(f)
}

// attach joins a build in flight, or starts one. A build that failed while no init
// waited for it is reported to the first init that asks: another attempt would fail
// as slowly.
func (b *Builder) attach(place string, order Order) *flight {
	f := b.running[place]
	if f == nil {
		f = b.unseen[place]
		delete(b.unseen, place)
	}
	if f != nil {
		f.Join()
		return f
	}
	if b.waiting(order.Tenant) >= maxOrders {
		return nil
	}
	f = &flight{place: place, order: order, started: time.Now()}
	f.Begin(nil)
	b.running[place] = f
	b.jobs.Go(func() { b.perform(f) })
	return f
}

// maxOrders is how many builds of one tenant may be under way or queued. Each of
// them holds its code.
const maxOrders = 16

// waiting returns how many builds of a tenant are under way or queued.
func (b *Builder) waiting(tenant string) (n int) {
	for _, f := range b.running {
		if f.order.Tenant == tenant {
			n++
		}
	}
	return n
}

// collect takes a finished build's outcome.
func (b *Builder) collect(f *flight) (*Product, error) {
	if _, err := f.Outcome(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if product, err := b.hand(f.place, f.order.Tenant); product != nil || err != nil {
		return product, err
	}
	return nil, errors.New("what was built is gone already: the build cache is too small")
}

// Close ends the builds under way and waits until nothing of them is left.
func (b *Builder) Close() error {
	b.end(errEnded)
	b.jobs.Wait()
	return nil
}
