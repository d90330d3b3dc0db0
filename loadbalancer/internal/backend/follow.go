package backend

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
)

// following is the watch on a source of servers.
type following struct {
	end  context.CancelFunc
	done chan struct{} // closed when it has ended
}

// Follow makes the members what a source says, from now on. It returns when the first
// list is known. Calls of it, Unfollow and Drop follow each other.
func (f *Fleet) Follow(source discovery.Source) {
	f.Unfollow()
	ctx, end := context.WithCancel(f.Work)
	done, known := make(chan struct{}), make(chan struct{})
	f.following = following{end, done}
	first := sync.OnceFunc(func() { close(known) })
	f.Work.Go(func() {
		defer close(done)
		source.Watch(ctx, func(u discovery.Update) {
			if u.Err != nil {
				f.Log.Warn("the list of servers may be out of date", zap.Error(u.Err))
			}
			f.update(u.Servers)
			first()
		})
	})
	select {
	case <-known:
	case <-f.Work.Done():
	}
}

// Unfollow ends the watch on the source before, if there is one.
func (f *Fleet) Unfollow() {
	if f.following.end != nil {
		f.following.end()
		<-f.following.done
	}
}
