// Package target is the server, balancer or runtime that a command speaks to.
// It has the address, the token and the certificates, and says in plain words
// why a target cannot be reached.
package target

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/exit"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Remote is the server or balancer that a command speaks to. Its flag --server
// is also accepted as --upstream, the client container's name for it.
type Remote struct {
	Server    string `aliases:"upstream" env:"WHISKAWAY_SERVER,WHISKAWAY_UPSTREAM" placeholder:"ADDRESS" help:"The server or balancer: HOST, HOST:PORT or URL. [${usual}]"`
	TokenFile string `type:"path" env:"WHISKAWAY_TOKEN_FILE" help:"Bearer token for it."`
	CAFile    string `type:"path" env:"WHISKAWAY_CA_FILE" help:"Certificates to trust, PEM."`

	Peer peer `kong:"-"` // what is expected there
}

// Resolve makes the address a URL; expected says what should be there.
func (r *Remote) Resolve(expected peer) (err error) {
	r.Peer = expected
	if r.Server, err = URL(r.Server, expected.Usual); err != nil {
		return exit.With(daemon.ExitUsage, fmt.Errorf("%s: %w", expected.Flag, err))
	}
	return nil
}

// reachTime bounds the wait for the health check.
const reachTime = 10 * time.Second

// Reach reports in plain words why the server cannot be reached. It runs first,
// because a client container would retry for as long as a run has time.
func (r *Remote) Reach() error {
	ctx, cancel := context.WithTimeout(context.Background(), reachTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Server+runtimespec.PathHealth, nil)
	if err != nil {
		return err
	}
	resp, body, err := r.do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = r.unexpected(resp, body)
	}
	return err
}

// unexpected returns the error for an answer that the expected peer never gives.
func (r *Remote) unexpected(resp *http.Response, body []byte) error {
	if wantsTLS(resp, body) {
		return Unreachable(r.Peer, r.Server, errWantsTLS)
	}
	return fmt.Errorf("%s answered with status %s; is it %s? %s", r.Server, resp.Status, r.Peer.What, output.Printable(errorMessage(body)))
}

// do sends a request and reads the answer. A failure below HTTP is put into
// plain words.
func (r *Remote) do(req *http.Request) (*http.Response, []byte, error) {
	client, err := r.client()
	if err != nil {
		return nil, nil, err
	}
	resp, err := client.Do(req)
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err // without the URL, which is said already
	}
	if err != nil {
		return nil, nil, Unreachable(r.Peer, r.Server, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxList))
	if err != nil {
		return nil, nil, fmt.Errorf("the answer of %s is cut off: %w", r.Server, err)
	}
	return resp, body, nil
}

// identify adds the token and the tenant.
func (r *Remote) identify(req *http.Request, tenant string) error {
	if r.TokenFile != "" {
		secret, err := token.First(r.TokenFile)
		if err != nil {
			return fmt.Errorf("--token-file: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	if tenant != "" {
		req.Header.Set(runtimespec.HeaderTenant, tenant)
	}
	return nil
}

// client returns an HTTP client that uses no proxy and follows no redirect: the
// token is for the server alone.
func (r *Remote) client() (*http.Client, error) {
	transport := &http.Transport{DisableKeepAlives: true}
	if r.CAFile != "" {
		pem, err := os.ReadFile(r.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca-file: %s holds no certificate", r.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}
