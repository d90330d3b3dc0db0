package backend

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// identify gets to know the process that answers, if it is another than before. A
// problem keeps the server out of rotation.
func (f *Fleet) identify(ctx context.Context, b *Backend, found readiness) (problem string) {
	known, twin := f.State.Known(b.server, found.incarnation)
	switch {
	case found.incarnation == f.Incarnation:
		return "it is this balancer itself: take it out of the list of servers"
	case twin != "":
		return "it is the same server as " + twin + ": take one of the two out of the list"
	case known:
		return ""
	}
	asked := time.Now()
	all, problem := f.firstInventory(ctx, b)
	if problem != "" {
		return problem
	}
	b.pool.CloseIdle() // the connections to the process before
	added, ok := f.State.Identified(b.server, found.incarnation, found.Changes, all, asked, time.Now())
	if b.inventory.done(asked, 0); ok {
		f.Log.Info("server is there", zap.String("server", b.name), zap.String("incarnation", found.incarnation), zap.Int("functions", added))
	}
	return ""
}

// firstInventory asks a server which functions it has. That shows as well whether it
// takes the balancer's token, and lets it act for tenants.
func (f *Fleet) firstInventory(ctx context.Context, b *Backend) (all inventory, problem string) {
	if f.Settings().Token != "" {
		ctx, cancel := context.WithTimeout(ctx, inventoryTime)
		defer cancel()
		status, _, err := b.Functions(ctx, true, f.Incarnation, token.DefaultTenant)
		switch {
		case err != nil:
			return nil, untold + err.Error()
		case status == runtimespec.Forbidden.Status():
			return nil, `the balancer's token may not act for tenants there: mark it "delegate" in the server's token file`
		}
	}
	return f.readInventory(ctx, b)
}
