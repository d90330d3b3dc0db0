package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/clientmode"
)

// version is one saved version of an action in a client container of its own,
// as the platform would deploy it.
type version struct {
	number  int
	code    code
	client  *clientmode.Client
	invoker *invoker
	marks   *marks
	slot    chan struct{} // holds the run in flight: a container takes one at a time
	retired chan struct{} // closed when a newer one serves
}

// deploy starts a container and initialises it. A version that does not come up
// leaves nothing behind.
func (d *dev) deploy(ctx context.Context, number int, c code) (*version, error) {
	v := &version{
		number: number, code: c, marks: &marks{term: d.term, mark: fmt.Sprintf("version %d", number)},
		slot: make(chan struct{}, 1), retired: make(chan struct{}),
	}
	cfg := d.container
	cfg.Kind = d.source.kind()
	cfg.Stdout, cfg.Stderr = v.marks.stream("stdout"), v.marks.stream("stderr")
	v.client = clientmode.New(cfg)
	if err := v.client.Start(); err != nil {
		return nil, err
	}
	v.invoker = newInvoker("http://"+v.client.Addr(), d.source.name(), cfg.Limit)
	v.invoker.version = fmt.Sprintf("0.0.%d", number) // another function for the server, even with the same code
	init, err := v.invoker.init(ctx, c, d.main, d.env)
	if err == nil && init.failed() {
		err = fmt.Errorf("init: status %d: %s", init.Status, errorText(init.Body))
	}
	if err != nil {
		v.end()
		return nil, err
	}
	return v, nil
}

// run runs the action. The caller holds the slot.
func (v *version) run(ctx context.Context, id string, args any) (reply, error) {
	v.marks.set(id[:8])
	r, err := v.invoker.runAs(ctx, id, args)
	v.marks.set(fmt.Sprintf("version %d", v.number))
	return r, err
}

// retire ends a version that a newer one has replaced, once its run is over.
func (v *version) retire() {
	close(v.retired)
	v.slot <- struct{}{}
	v.end()
}

// end gives the function up, which ends its processes on the server.
func (v *version) end() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = v.client.Stop(ctx) // a server that cannot be told lets the lease run out
}

// errorText is the message of an answer like {"error": "…"}, or all of it.
func errorText(body []byte) string {
	var answer struct{ Error json.RawMessage }
	if json.Unmarshal(body, &answer) != nil || answer.Error == nil {
		return strings.TrimSpace(string(body))
	}
	var text string
	if json.Unmarshal(answer.Error, &text) != nil {
		return string(answer.Error)
	}
	return text
}
