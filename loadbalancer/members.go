package loadbalancer

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
)

// following is the watch on the sources of servers that the settings name.
type following struct {
	end  context.CancelFunc
	done chan struct{} // closed when it has ended
}

// follow makes the members what the settings' sources say, from now on. It
// returns when their first list is known, and is called by one at a time.
func (b *Balancer) follow(now *live) error {
	source, err := now.source(b.joined)
	if err != nil {
		return err
	}
	b.unfollow()
	ctx, end := context.WithCancel(b.base)
	f := &following{end, make(chan struct{})}
	b.following = f
	known := make(chan struct{})
	first := sync.OnceFunc(func() { close(known) })
	b.work.Go(func() {
		defer close(f.done)
		source.Watch(ctx, func(u discovery.Update) {
			b.members(u, now)
			first()
		})
	})
	select {
	case <-known:
	case <-b.base.Done():
	}
	return nil
}

// unfollow ends the watch on the sources before, if there is one.
func (b *Balancer) unfollow() {
	if b.following != nil {
		b.following.end()
		<-b.following.done
	}
}

// source is all that the configuration says of where servers are known from.
func (c Config) source(joined *discovery.Joined) (discovery.Source, error) {
	targets, err := c.targets()
	if err != nil {
		return nil, err
	}
	listed, err := discovery.Parse(targets)
	if err != nil {
		return nil, err
	}
	switch {
	case c.JoinTokenFile == "":
		return listed, nil
	case len(targets) == 0: // nothing is listed, and so never tells of itself
		return joined, nil
	}
	return discovery.Merge(listed, joined), nil
}

// members makes the list of servers what an update says. One that is known by
// the same in all that matters stays as it is.
func (b *Balancer) members(u discovery.Update, now *live) {
	if u.Err != nil {
		b.log.Warn("the list of servers may be out of date", zap.Error(u.Err))
	}
	want := map[discovery.Server]discovery.Server{}
	for _, server := range u.Servers {
		want[lasting(server)] = server
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for sched, s := range b.backends {
		server, stays := want[lasting(s.server)]
		if !stays {
			delete(b.leaving, s.name)
			b.remove(sched, s)
			continue
		}
		if s.server.Draining != server.Draining {
			s.look()
		}
		s.server = server
		delete(want, lasting(server))
	}
	for _, server := range u.Servers {
		if _, missing := want[lasting(server)]; missing {
			b.add(server, now)
		}
	}
	b.forgetLeft(u.Servers)
}

// lasting is a server without what it says anew each time, and what the owner
// may say later.
func lasting(s discovery.Server) discovery.Server {
	s.Draining, s.Fixed = false, false
	return s
}
