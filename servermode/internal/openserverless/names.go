package openserverless

import (
	"slices"
	"sync"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// hashKey is how a tenant's OpenServerless clients name a function.
type hashKey struct{ tenant, hash string }

// hashes holds the functions by their names.
type hashes struct {
	mu    sync.Mutex // guards the map and its values
	known map[hashKey]*named
}

// named is the function that has a name, as long as the table knows it.
type named struct {
	key    function.Key
	leases []string // of its containers
	inits  int      // in flight
	next   int      // index of the lease that the next run renews
}

// enter claims a name for a function during its init. It frees the names of
// functions that have left the table.
func (h *hashes) enter(name hashKey, key function.Key, table *function.Table) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(table)
	n := h.known[name]
	if n == nil {
		n = &named{key: key}
		h.known[name] = n
	} else if n.key != key {
		return ambiguous(name.hash)
	}
	n.inits++
	return nil
}

// forget frees the names of functions that the table does not know. It is called
// with mu held.
func (h *hashes) forget(table *function.Table) {
	there := map[function.Key]bool{}
	for _, f := range table.List("") {
		there[f.Key] = true
	}
	for name, n := range h.known {
		if n.inits == 0 && !there[n.key] {
			delete(h.known, name)
		}
	}
}

// leave ends an init.
func (h *hashes) leave(name hashKey, lease string, ready bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.known[name]
	n.inits--
	if ready && !slices.Contains(n.leases, lease) {
		n.leases = append(n.leases, lease)
	}
	h.clear(name, n)
}

// clear frees a name that is not in use. It is called with mu held.
func (h *hashes) clear(name hashKey, n *named) {
	if n.inits == 0 && len(n.leases) == 0 {
		delete(h.known, name)
	}
}

// find returns a named function and one of its leases. A run does not name its
// container, so leases are renewed in turn.
func (h *hashes) find(name hashKey) (key function.Key, lease string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.known[name]
	if n == nil || len(n.leases) == 0 {
		return key, "", false
	}
	n.next++
	return n.key, n.leases[n.next%len(n.leases)], true
}

// holds reports whether a name has a lease.
func (h *hashes) holds(name hashKey, lease string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.known[name]
	return n != nil && slices.Contains(n.leases, lease)
}

// drop takes a lease from a name. Without leases the name is free.
func (h *hashes) drop(name hashKey, lease string) (key function.Key, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.known[name]
	if n == nil || !slices.Contains(n.leases, lease) {
		return key, false
	}
	n.leases = slices.DeleteFunc(n.leases, func(l string) bool { return l == lease })
	h.clear(name, n)
	return n.key, true
}
