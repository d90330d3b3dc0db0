package dev

import (
	"context"
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/action"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/invoker"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
)

// version is one saved version of an action. It has a client container of its
// own, as the platform would deploy it.
type version struct {
	number  int
	code    action.Code
	client  *clientmode.Client
	invoker *invoker.Invoker
	logs    *output.LogView
	slot    chan struct{} // holds the run in flight: a container takes one at a time
	retired chan struct{} // closed when a newer one serves
}

// deploy starts a container and initialises it. A version that fails leaves
// nothing behind.
func (s *service) deploy(ctx context.Context, number int, c action.Code) (*version, error) {
	v := &version{
		number: number, code: c, logs: output.NewLogView(s.term, fmt.Sprintf("version %d", number)),
		slot: make(chan struct{}, 1), retired: make(chan struct{}),
	}
	cfg := s.container
	cfg.Kind = s.source.Kind()
	cfg.Stdout, cfg.Stderr = v.logs.Stream("stdout"), v.logs.Stream("stderr")
	v.client = clientmode.New(cfg)
	if err := v.client.Start(); err != nil {
		return nil, err
	}
	v.invoker = invoker.New("http://"+v.client.Addr(), s.source.Name(), cfg.Limit)
	v.invoker.Version = fmt.Sprintf("0.0.%d", number) // another function for the server, even with the same code
	init, err := v.invoker.Init(ctx, c, s.main, s.env)
	if err == nil && init.Failed() {
		err = fmt.Errorf("init: status %d: %s", init.Status, invoker.ErrorText(init.Body))
	}
	if err != nil {
		v.end()
		return nil, err
	}
	return v, nil
}

// run runs the action. The caller holds the slot.
func (v *version) run(ctx context.Context, id string, args any) (invoker.Reply, error) {
	v.logs.SetLabel(id[:8])
	r, err := v.invoker.RunAs(ctx, id, args)
	v.logs.SetLabel(fmt.Sprintf("version %d", v.number))
	return r, err
}

// retire ends a replaced version once its run is over.
func (v *version) retire() {
	close(v.retired)
	v.slot <- struct{}{}
	v.end()
}

// end stops the container, which releases the function at the server.
func (v *version) end() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = v.client.Stop(ctx) // a server that cannot be told lets the lease run out
}
