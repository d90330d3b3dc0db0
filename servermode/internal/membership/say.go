package membership

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	// These bound what a balancer may ask for.
	shortestInterval = 100 * time.Millisecond
	longestInterval  = time.Minute
	maxMembership    = 4 << 10 // of its answer, in bytes
	statusOK         = 200
)

// say tells the balancer once, and returns when to tell it again.
func (b *balancer) say(ctx context.Context, self runtimespec.Registration, limit time.Duration) (again time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	body, err := jsontext.Marshal(self)
	if err != nil {
		return 0, err
	}
	header := upstream.Header{{Name: "Content-Type", Value: "application/json"}}
	secret, err := b.token()
	if err != nil {
		return 0, err
	}
	if secret != "" {
		header = header.With(upstream.Field{Name: "Authorization", Value: "Bearer " + secret})
	}
	resp, err := b.pool.Send(ctx, &upstream.Request{Path: runtimespec.PathJoin, Header: header, Body: body})
	if err != nil {
		return 0, err
	}
	defer resp.Close()
	text, err := io.ReadAll(io.LimitReader(resp, maxMembership))
	if err != nil {
		return 0, err
	}
	if resp.Status != statusOK {
		return 0, fmt.Errorf("the balancer answered %d: %.500s", resp.Status, text)
	}
	var m runtimespec.Membership
	if err := jsontext.Unmarshal(text, &m); err != nil {
		return 0, fmt.Errorf("the balancer's answer is no membership: %w", err)
	}
	return min(max(time.Duration(m.IntervalMS)*time.Millisecond, shortestInterval), longestInterval), nil
}
