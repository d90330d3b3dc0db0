package function

// Accounts is what a host counts as taken, waiting or about to end.
type Accounts struct{ Taken, Starting, Ending, Wants, Queued int }

// Accounts returns counts that are all zero when nothing is left.
func (t *Table) Accounts() Accounts {
	t.host.mu.Lock()
	defer t.host.mu.Unlock()
	r := &t.host.room
	return Accounts{r.taken, r.starting, r.ending, len(r.requests), t.host.queues.total}
}
