package function

import (
	"cmp"
	"slices"
)

// room counts the host's places for processes, and holds the starts that wait for
// one. It decides and does nothing else.
type room struct {
	limit  int // processes; 0: no limit
	starts int // at once; 0: no limit

	taken     int // processes, those being started or ended too
	starting  int // of them: being started
	ending    int // of them: told to end because others wait
	tenants   map[string]int
	functions map[Key]int
	requests  []*startRequest // first come first served
}

// startRequest is one process that a function asks to start.
type startRequest struct {
	key     Key
	granted chan struct{} // closed when it may be started
	permit  bool          // it counts as one that is being started
}

func newRoom() room { return room{tenants: map[string]int{}, functions: map[Key]int{}} }

// before reports whether w goes before other. The tenant with fewer processes goes
// first, then the function with fewer, so that a tenant that floods the host waits
// behind one that has none.
func (r *room) before(w, other *startRequest) bool {
	return cmp.Or(
		r.tenants[w.key.Tenant]-r.tenants[other.key.Tenant],
		r.functions[w.key]-r.functions[other.key],
	) < 0
}

// first returns the request that is granted next; nil when there is none.
func (r *room) first() (first *startRequest) {
	for _, w := range r.requests {
		if first == nil || r.before(w, first) {
			first = w
		}
	}
	return first
}

// next takes out the first request if its process may be started. spare says whether
// there is memory for one more. The host's first process is always allowed, because
// the end of no other could free memory.
func (r *room) next(spare bool) *startRequest {
	w := r.first()
	full := r.limit > 0 && r.taken >= r.limit || r.starts > 0 && r.starting >= r.starts
	if w == nil || full || !spare && r.taken > 0 {
		return nil
	}
	r.remove(w)
	r.add(w.key, 1)
	r.starting++
	w.permit = true
	return w
}

// release gives back a start's permit, and reports whether the start still had it.
func (r *room) release(w *startRequest) (had bool) {
	if had = w.permit; had {
		w.permit = false
		r.starting--
	}
	return had
}

// short returns how many processes have to be told to end so that the requests can
// be granted. A request that only waits for a permit is not short of a place.
func (r *room) short(spare bool) int {
	missing := 0
	if r.limit > 0 {
		missing = r.taken + len(r.requests) - r.limit
	}
	if !spare {
		missing = max(missing, 1)
	}
	return max(0, min(missing, len(r.requests))-r.ending)
}

// over returns the function that has to yield a process to w although it has none
// idle. It is the largest function of the largest tenant, if that tenant keeps as
// many as w's tenant gets. Otherwise it is the largest other function of w's own
// tenant, by the same rule.
func (r *room) over(w *startRequest) (key Key, ok bool) {
	tenant, _ := most(r.tenants, func(string) bool { return true }, cmp.Compare[string])
	if r.tenants[tenant] <= r.tenants[w.key.Tenant]+1 {
		tenant = w.key.Tenant
	}
	key, n := most(r.functions, func(k Key) bool { return k.Tenant == tenant && k != w.key }, Key.compare)
	return key, n > 1 && (tenant != w.key.Tenant || n > r.functions[w.key]+1)
}

// most returns the key with the highest count, the first of equal ones.
func most[K comparable](counts map[K]int, of func(K) bool, compare func(a, b K) int) (key K, n int) {
	for k, count := range counts {
		if of(k) && (count > n || count == n && compare(k, key) < 0) {
			key, n = k, count
		}
	}
	return key, n
}

// add counts n more processes of a function; n may be negative.
func (r *room) add(key Key, n int) {
	r.taken += n
	addTo(r.tenants, key.Tenant, n)
	addTo(r.functions, key, n)
}

func (r *room) remove(w *startRequest) (was bool) {
	at := slices.Index(r.requests, w)
	if at >= 0 {
		r.requests = slices.Delete(r.requests, at, at+1)
	}
	return at >= 0
}

// addTo adds n to a count, and deletes a count of zero.
func addTo[K comparable](counts map[K]int, key K, n int) {
	if counts[key] += n; counts[key] == 0 {
		delete(counts, key)
	}
}

// queues counts the runs that wait on the host, by tenant.
type queues struct {
	total   int
	tenants map[string]int
}

// admits reports whether one more run of a tenant may wait. A tenant gets no more
// than what is left for the others. So a tenant that floods the host takes half, and
// there is always a place for a tenant that has none waiting.
func (q *queues) admits(tenant string, limit int) bool {
	return limit <= 0 || q.tenants[tenant] < limit-q.total
}

func (q *queues) add(tenant string, n int) {
	q.total += n
	addTo(q.tenants, tenant, n)
}
