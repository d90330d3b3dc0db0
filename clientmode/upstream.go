package clientmode

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/whiskaway/whiskaway/clientmode/internal/allowlist"
	"github.com/whiskaway/whiskaway/internal/upstream"
)

// sender carries requests to a server or a balancer. Send sends a request at
// most once. After an error it may have arrived, unless the error wraps
// upstream.ErrNotSent.
type sender interface {
	Send(ctx context.Context, r *upstream.Request) (*upstream.Response, error)
	CloseIdle()
	String() string
}

func newUpstream(target, token string, secure *tls.Config, guard allowlist.Guard) (sender, error) {
	base, err := upstream.ParseTarget(target, "http")
	if err != nil {
		return nil, fmt.Errorf("write http://HOST:PORT or https://HOST:PORT and nothing else: %w", err)
	}
	return upstream.New(base, upstream.Options{Token: token, TLS: secure, Guard: guard}), nil
}
