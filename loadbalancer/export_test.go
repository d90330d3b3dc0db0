package loadbalancer

import "time"

// Tidy ends what is over at a time.
func (b *Balancer) Tidy(now time.Time) { b.tidy(now) }

// Joined is whether somebody waits for the end of a run that was sent before.
func (b *Balancer) Joined() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.flights {
		if r.over != nil {
			return true
		}
	}
	return false
}
