package zygote

import "maps"

// Cause is why a function was executed instead of forked.
type Cause string

// Causes.
const (
	Starting    Cause = "starting"    // the parent is not ready yet
	Down        Cause = "down"        // it ended, and will be replaced
	CUDA        Cause = "cuda"        // it has touched a GPU, which does not survive a fork
	Threads     Cause = "threads"     // it has more than one thread; the others would be missing
	Environment Cause = "environment" // the function sets what is read when an interpreter starts
	Shadowed    Cause = "shadowed"    // the function brings a module that the parent has imported
	Refused     Cause = "refused"     // the host refused the fork
)

// Stats count since the server's start.
type Stats struct {
	Up        bool
	Forks     uint64
	Fallbacks map[Cause]uint64
}

// Stats returns a copy.
func (p *Parent) Stats() Stats {
	if p == nil {
		return Stats{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.stats
	out.Up, out.Fallbacks = p.state == up, maps.Clone(p.stats.Fallbacks)
	return out
}

func (p *Parent) forked() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Forks++
}

func (p *Parent) fellBack(cause Cause) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Fallbacks[cause]++
}

// refusal is an error with the cause under which it is counted.
type refusal struct {
	cause Cause
	err   error
}

func (r *refusal) Error() string { return "the process cannot be forked: " + r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }
