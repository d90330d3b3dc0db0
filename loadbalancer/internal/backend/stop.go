package backend

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// stopTime bounds how long a server is told that something is over.
const stopTime = 5 * time.Second

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Stop ends the balancer's lease of a function at servers, or with an activation's id
// cancels that run there. told is closed when all have answered.
func (f *Fleet) Stop(from exchange.Propagation, k state.Key, activation string, at []*state.Server) (told <-chan struct{}) {
	if len(at) == 0 {
		return closed
	}
	header := f.AppendHeader(nil, k.Identity.String(), k.Tenant)
	if activation != "" {
		header = append(header, upstream.Field{Name: runtimespec.HeaderActivation, Value: activation})
	}
	header = from.Onto(header)
	ended := make(chan struct{})
	f.Work.Go(func() {
		defer close(ended)
		var all sync.WaitGroup
		for _, s := range at {
			all.Go(func() { f.stop(Of(s), header) })
		}
		all.Wait()
	})
	return ended
}

func (f *Fleet) stop(b *Backend, header upstream.Header) {
	ctx, cancel := context.WithTimeout(f.Work, stopTime)
	defer cancel()
	resp, err := b.Send(ctx, &upstream.Request{Path: runtimespec.PathStop, Header: header})
	if err != nil {
		f.Log.Debug("a server was not told to stop; what is left there runs out", zap.String("server", b.name), zap.Error(err))
		return
	}
	_ = ReadMessage(resp) // to its end, so that the connection is kept
	_ = resp.Close()
}
