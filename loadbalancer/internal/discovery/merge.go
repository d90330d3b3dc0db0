package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Merge is several sources as one. Servers come in the order of the sources. The
// same URL from two is one server, by the name of the first; of two URLs that
// have one name the second is left out, and the error says so.
func Merge(sources ...Source) Source { return merged(sources) }

type merged []Source

func (m merged) String() string {
	names := make([]string, len(m))
	for i, source := range m {
		names[i] = source.String()
	}
	return strings.Join(names, ", ")
}

// firstWait is how long the first update waits for sources that have told
// nothing yet: who takes it for the whole list would take theirs for gone.
const firstWait = 3 * time.Second

// Watch watches all. What a source has not told by then is missing in the first
// update, which waits for it.
func (m merged) Watch(ctx context.Context, each func(Update)) {
	var all sync.WaitGroup
	defer all.Wait()
	var mu sync.Mutex // guards what follows; held for each, so that calls keep their order
	updates, heard := make([]Update, len(m)), make([]bool, len(m))
	var last Update
	told, waited := false, len(m) == 0
	tell := func() { // the caller holds mu
		if next := m.merge(updates); (waited || !slices.Contains(heard, false)) && (!told || !next.equal(last)) {
			last, told = next, true
			each(next)
		}
	}
	patience := time.AfterFunc(firstWait, func() {
		mu.Lock()
		defer mu.Unlock()
		if waited = true; !told && ctx.Err() == nil {
			tell()
		}
	})
	defer patience.Stop()
	for i, source := range m {
		all.Go(func() {
			source.Watch(ctx, func(u Update) {
				mu.Lock()
				defer mu.Unlock()
				updates[i], heard[i] = u, true
				tell()
			})
		})
	}
	<-ctx.Done()
}

func (m merged) merge(updates []Update) Update {
	out := Update{Servers: []Server{}}
	var errs []error
	byURL, named := map[string]int{}, map[string]string{} // index; URL
	for i, u := range updates {
		if u.Err != nil {
			errs = append(errs, u.Err)
		}
		for _, s := range u.Servers {
			if at, twice := byURL[s.URL]; twice {
				out.Servers[at].learn(s)
				continue
			}
			if other := named[s.Name]; other != "" {
				errs = append(errs, fmt.Errorf("%s is left out: %s is called %q too; give one of them another name", s.URL+" of "+m[i].String(), other, s.Name))
				continue
			}
			byURL[s.URL], named[s.Name] = len(out.Servers), s.URL
			out.Servers = append(out.Servers, s)
		}
	}
	out.Err = errors.Join(errs...)
	return out
}

// learn takes over what a server says of itself.
func (s *Server) learn(more Server) {
	if more.Incarnation != "" {
		s.Incarnation, s.Draining, s.Tunnel = more.Incarnation, more.Draining, more.Tunnel
	}
	if s.TLSName == "" {
		s.TLSName = more.TLSName
	}
}
