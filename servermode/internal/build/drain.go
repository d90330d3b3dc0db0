package build

import (
	"fmt"
	"time"
)

// Errors of builds when the server ends.
var (
	errEnded   = fmt.Errorf("%w, and ended the build: nothing of it is kept, the next init starts it again", ErrClosed)
	errNoStart = fmt.Errorf("%w: no more builds are started, the next init starts this one", ErrClosed)
)

// Drain starts no more builds, and ends those that are not done after grace. A long
// installation or compilation has to start again in any case, and would hold up the
// server's end. Finished builds are kept.
func (b *Builder) Drain(grace time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.draining {
		return
	}
	b.draining = true
	time.AfterFunc(grace, func() { b.end(errEnded) })
}
