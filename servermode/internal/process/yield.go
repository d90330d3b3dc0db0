package process

import (
	"sync"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// yield is the process's rank for the CPUs.
type yield struct {
	mu   sync.Mutex // guards rank, and is held while that changes
	rank sandbox.Rank
}

// Yield ranks the process, and all that it has started, for the CPUs. It calls rank
// when no other change is under way.
func (p *Process) Yield(rank func() sandbox.Rank) {
	p.yield.mu.Lock()
	defer p.yield.mu.Unlock()
	if now := rank(); now != p.yield.rank {
		p.group.Rank(now)
		p.yield.rank = now
	}
}
