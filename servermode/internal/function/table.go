package function

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/servermode/eviction"
)

// Load is how busy the functions are, all together.
type Load struct {
	InFlight atomic.Int64 // runs being executed
	Queued   atomic.Int64 // runs that wait for an instance
}

// Table is a server's functions.
type Table struct {
	cfg  atomic.Pointer[Config]
	now  func() time.Time
	load Load
	host *host

	changes atomic.Uint64 // of functions' states

	cpuShares *cpuShares

	base  context.Context // of starts for queues
	close context.CancelFunc

	mu        sync.RWMutex // guards the map and draining, nothing else
	functions map[Key]*Function
	draining  bool

	live sync.WaitGroup // functions that are not gone
}

// NewTable returns an empty table.
func NewTable(cfg Config) *Table {
	t := &Table{functions: map[Key]*Function{}}
	t.Configure(cfg)
	t.now = t.cfg.Load().Now
	t.host, t.cpuShares = newHost(t), newCPUShares(t)
	t.base, t.close = context.WithCancel(context.Background())
	return t
}

// Configure changes what the owner decides. Functions follow it from now on.
func (t *Table) Configure(cfg Config) { t.cfg.Store(cfg.withDefaults()) }

// Load returns the table's load. It stays current.
func (t *Table) Load() *Load { return &t.load }

// Changes returns a number that changes with each change of a function's state that
// List shows: it was added, became ready, lost its last process, or was removed.
func (t *Table) Changes() uint64 { return t.changes.Load() }

// Init makes a function known and ready on behalf of a lease. It calls program only
// if the function is new. When the start fails the lease is dropped, and with the
// last lease the function.
func (t *Table) Init(ctx context.Context, key Key, lease string, info Info, program func() (Program, error), sink Sink) error {
	for {
		f, err := t.findOrAdd(key, info, program)
		if err != nil {
			return err
		}
		if !f.touch(lease, t.now().Add(t.cfg.Load().Lease)) {
			continue // it has left the table by now
		}
		if err = f.Init(ctx, sink); err != nil {
			t.drop(f, lease)
		}
		return err
	}
}

// Run executes one activation of a known function.
func (t *Table) Run(ctx context.Context, key Key, lease string, line []byte, sink Sink) ([]byte, error) {
	f, err := t.find(key)
	if err != nil {
		return nil, err
	}
	if !f.touch(lease, t.now().Add(t.cfg.Load().Lease)) {
		return nil, ErrUnknown
	}
	return f.Run(ctx, line, sink)
}

// Stop ends a lease. The end of the last lease frees the function. It is idempotent
// and does not wait for runs.
func (t *Table) Stop(key Key, lease string) {
	if f, err := t.find(key); err == nil {
		t.drop(f, lease)
	}
}

func (t *Table) drop(f *Function, lease string) {
	t.freeIf(f, func() bool { return f.giveUp(lease) })
}

// freeIf frees a function if over reports that no lease is left. It takes it out of
// the table at the same moment.
func (t *Table) freeIf(f *Function, over func() bool) {
	t.mu.Lock()
	freed := over() && t.functions[f.key] == f
	if freed {
		delete(t.functions, f.key)
	}
	t.mu.Unlock()
	if freed {
		go f.free() // it waits for the end of processes
	}
}

func (t *Table) find(key Key) (*Function, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.draining {
		return nil, ErrDraining
	}
	if f, ok := t.functions[key]; ok {
		return f, nil
	}
	return nil, ErrUnknown
}

// Info returns what is known of a function, empty if it is unknown.
func (t *Table) Info(key Key) Info {
	if f, err := t.find(key); err == nil {
		return f.info
	}
	return Info{}
}

func (t *Table) findOrAdd(key Key, info Info, program func() (Program, error)) (*Function, error) {
	if f, err := t.find(key); err != ErrUnknown {
		return f, err
	}
	made, err := program()
	if err != nil {
		return nil, err
	}
	fresh := t.newFunction(key, info, made)
	t.mu.Lock()
	f, taken := t.functions[key]
	if !taken && !t.draining {
		t.functions[key] = fresh
		t.live.Add(1)
		t.mu.Unlock()
		return fresh, nil
	}
	t.mu.Unlock()
	made.Close()
	fresh.meter.Gone()
	if !taken {
		return nil, ErrDraining
	}
	return f, nil
}

func (t *Table) newFunction(key Key, info Info, program Program) *Function {
	return &Function{
		key: key, info: info, program: program, table: t, meter: t.cfg.Load().Observer.Function(key, info),
		leases: map[string]time.Time{}, busy: map[*slot]bool{}, lastUse: t.now(), gone: make(chan struct{}),
	}
}

// Sweep evicts what has been idle for too long at now: instances by their
// keep-alive, functions by their leases. When memory is short it also evicts the
// instances that were idle longest.
func (t *Table) Sweep(now time.Time) {
	for _, f := range t.all() {
		t.freeIf(f, func() bool { return f.expire(now) })
		f.evictIdle(now)
	}
	if cfg := t.cfg.Load(); cfg.Memory != nil {
		if m := cfg.Memory(); m.Available < m.Reserve {
			t.evict(eviction.Need{Bytes: m.Reserve - m.Available}, CauseMemory, false)
		}
	}
	t.host.advance() // memory may have come back
	t.cpuShares.sweep()
}

// Drain refuses new work, frees every function and waits until all are gone or
// ctx ends.
func (t *Table) Drain(ctx context.Context) error {
	t.mu.Lock()
	t.draining = true
	t.mu.Unlock()
	t.close()
	for _, f := range t.all() {
		t.freeIf(f, func() bool { return true })
	}
	done := make(chan struct{})
	go func() { t.live.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// List describes the functions of a tenant, or of all with no tenant given.
func (t *Table) List(tenant string) []Snapshot {
	out := []Snapshot{}
	for _, f := range t.all() {
		if tenant == "" || f.key.Tenant == tenant {
			out = append(out, f.snapshot(t.now()))
		}
	}
	slices.SortFunc(out, func(a, b Snapshot) int {
		return cmp.Or(cmp.Compare(a.Info.Name, b.Info.Name), slices.Compare(a.Key.Identity[:], b.Key.Identity[:]))
	})
	return out
}

func (t *Table) all() []*Function {
	t.mu.RLock()
	defer t.mu.RUnlock()
	out := make([]*Function, 0, len(t.functions))
	for _, f := range t.functions {
		out = append(out, f)
	}
	return out
}

// Draining reports whether new work is refused.
func (t *Table) Draining() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.draining
}

// yieldSlot makes a function yield an instance when its run ends.
func (t *Table) yieldSlot(key Key) bool {
	f, err := t.find(key)
	return err == nil && f.yieldSlot()
}
