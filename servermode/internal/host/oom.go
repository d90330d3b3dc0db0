package host

import "sync"

// OOMWatch tells whether the kernel has just ended processes for lack of memory, on
// the host or in the server's control group.
type OOMWatch struct {
	count func() int64 // since the boot

	mu           sync.Mutex // guards what follows
	last, before int64      // at the last two looks
	looked       bool
}

// NewOOMWatch returns a watch over a count of processes that the kernel ended, such
// as OOMKills.
func NewOOMWatch(count func() int64) *OOMWatch { return &OOMWatch{count: count} }

// Look records the count. Lately compares with the look before the last one.
func (o *OOMWatch) Look() {
	now := o.count()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.before, o.last = o.last, now; !o.looked {
		o.before, o.looked = now, true
	}
}

// Lately reports whether the count has risen.
func (o *OOMWatch) Lately() bool {
	now := o.count()
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.looked && now > o.before
}

// OOMKills returns the count for the server's control group, or for the host if that
// group is the host's own.
func OOMKills() int64 {
	for _, dir := range memoryGroups() {
		if n, ok := numbersIn(dir + "/memory.events")["oom_kill"]; ok {
			return n
		}
	}
	return numbersIn("/proc/vmstat")["oom_kill"]
}
