package clientmode

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/whiskaway/whiskaway/clientmode/internal/allowlist"
	"github.com/whiskaway/whiskaway/internal/hop"
)

// upstream carries requests to a server or a balancer. Send sends a request at
// most once. After an error it may have arrived, unless the error wraps
// hop.ErrNotSent.
type upstream interface {
	Send(ctx context.Context, r *hop.Request) (*hop.Response, error)
	CloseIdle()
	String() string
}

func newUpstream(target, token string, secure *tls.Config, guard allowlist.Guard) (upstream, error) {
	base, err := hop.ParseTarget(target, "http")
	if err != nil {
		return nil, fmt.Errorf("write http://HOST:PORT or https://HOST:PORT and nothing else: %w", err)
	}
	return hop.New(base, hop.Options{Token: token, TLS: secure, Guard: guard}), nil
}
