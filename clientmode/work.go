package clientmode

import (
	"context"
	"net/http"

	"github.com/whiskaway/whiskaway/internal/front"
)

// work is an init or a run in flight. The platform may ask for the same one
// twice, above all when it has lost its first connection: it is cancelled only
// when nobody waits for it any more.
type work struct {
	ctx     context.Context
	cancel  context.CancelFunc
	callers int // guarded by Client.mu
	done    chan struct{}

	// What follows counts once done is closed.
	outcome  outcome
	deadline deadline
	logged   bool // its log has a line, which the platform is to find
}

// newWork is work with one caller.
func newWork() *work {
	ctx, cancel := context.WithCancel(context.Background())
	return &work{ctx: ctx, cancel: cancel, callers: 1, done: make(chan struct{})}
}

// attend counts a caller out when it hangs up; the function returned ends that.
func (c *Client) attend(r *http.Request, w *work) (end func() bool) {
	return front.AfterFunc(r.Context(), func() {
		c.mu.Lock()
		w.callers--
		last := w.callers == 0
		c.mu.Unlock()
		if last {
			w.cancel()
		}
	})
}

func (w *work) end(out outcome) {
	w.outcome = out
	close(w.done)
	w.cancel()
}

// answer waits for the work and answers a caller, unless it hangs up before. A
// failure that has a log waits for that to be collected.
func (c *Client) answer(w *work, to http.ResponseWriter, r *http.Request) {
	select {
	case <-w.done:
	case <-r.Context().Done():
		return
	}
	if w.logged && w.outcome.status != http.StatusOK {
		c.collected(r.Context(), w.deadline)
	}
	respond(to, w.outcome)
}
