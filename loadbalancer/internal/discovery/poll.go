package discovery

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// poll asks again and again, and tells what is new. A list that comes with an
// error counts too; nil with an error is a failure to find out, after which the
// last list stays.
func poll(ctx context.Context, every time.Duration, each func(Update), ask func() ([]Server, error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var last Update
	for first := true; ; first = false {
		servers, err := ask()
		if ctx.Err() != nil {
			return
		}
		if servers == nil && err != nil {
			servers = last.Servers
		}
		if next := (Update{servers, err}); first || !next.equal(last) {
			last = next
			each(next)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (u Update) equal(other Update) bool {
	return slices.Equal(u.Servers, other.Servers) && text(u.Err) == text(other.Err)
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// byName puts servers in a stable order.
func byName(servers []Server) {
	slices.SortFunc(servers, func(a, b Server) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.URL, b.URL)) })
}
