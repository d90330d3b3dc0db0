package discovery_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watched is a source that is watched until the test ends.
type watched struct {
	t       *testing.T
	updates chan discovery.Update
}

func watch(t *testing.T, source discovery.Source) *watched {
	t.Helper()
	w := &watched{t, make(chan discovery.Update, 100)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		source.Watch(ctx, func(u discovery.Update) { w.updates <- u })
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return w
}

// next is what is told next.
func (w *watched) next() discovery.Update {
	w.t.Helper()
	select {
	case u := <-w.updates:
		return u
	case <-time.After(20 * time.Second):
		require.Fail(w.t, "nothing was told")
		return discovery.Update{}
	}
}

// urls are the servers' that are told next, without an error.
func (w *watched) urls() []string {
	w.t.Helper()
	u := w.next()
	require.NoError(w.t, u.Err)
	return urls(u)
}

func urls(u discovery.Update) []string {
	all := []string{}
	for _, s := range u.Servers {
		all = append(all, s.URL)
	}
	return all
}

// told is a source that tells what the test has it tell.
type told chan discovery.Update

func (told) String() string { return "told" }

func (s told) Watch(ctx context.Context, each func(discovery.Update)) {
	for {
		select {
		case u := <-s:
			each(u)
		case <-ctx.Done():
			return
		}
	}
}
