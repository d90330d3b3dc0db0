package build

import (
	"fmt"
	"time"
)

// What callers are told of builds when the server ends.
var (
	errEnded   = fmt.Errorf("%w, and ended the build: nothing of it is kept, the next init begins it again", ErrClosed)
	errNoStart = fmt.Errorf("%w: no build is started any more, the next init does that", ErrClosed)
)

// Drain starts no build any more, and ends those that are not done after grace:
// what is installed or compiled for longer has to begin again in any case, and
// would hold up the server's end. What is finished is kept.
func (b *Builder) Drain(grace time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.draining {
		return
	}
	b.draining = true
	time.AfterFunc(grace, func() { b.end(errEnded) })
}
