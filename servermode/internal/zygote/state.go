package zygote

// state is where a parent is in its life.
type state int

const (
	starting state = iota
	up
	down
)

// enter records a change of state. life is the parent that is up.
func (p *Parent) enter(next state, life *life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state, p.life = next, life
}

// current returns the parent that takes requests, or why there is none.
func (p *Parent) current() (*life, Cause) {
	if p == nil {
		return nil, Down
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.state {
	case up:
		return p.life, ""
	case starting:
		return nil, Starting
	}
	return nil, Down
}
