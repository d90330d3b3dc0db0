package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// asking is a server or balancer that people ask about itself.
type asking struct {
	Server    string        `env:"WHISKAWAY_SERVER" help:"URL of the server or balancer that is asked. [${server}; a balancer: ${balancer}]"`
	TokenFile string        `type:"path" env:"WHISKAWAY_TOKEN_FILE" help:"Bearer token for it."`
	CAFile    string        `type:"path" env:"WHISKAWAY_CA_FILE" help:"Certificates to trust, PEM."`
	Limit     time.Duration `default:"10s" help:"Time to wait for an answer."`
}

// Where servers and balancers listen unless told otherwise.
const (
	defaultServer   = "http://127.0.0.1:9000"
	defaultBalancer = "http://127.0.0.1:18080"
)

// maxList is more than any list of functions that people can read.
const maxList = 64 << 20

// ask sends a request without a body and returns the answer's, if it is one of
// success. A tenant may be empty.
func (a *asking) ask(method, path, tenant string) ([]byte, error) {
	client, err := a.client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.Limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(a.Server, "/")+path, nil)
	if err != nil {
		return nil, fmt.Errorf("--server: %w", err)
	}
	if err := a.identify(req, tenant); err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err // without the URL, which is said already
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be reached; is a server there? --server names another: %w", a.Server, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxList))
	if err != nil {
		return nil, fmt.Errorf("the answer of %s is cut off: %w", a.Server, err)
	}
	return body, a.refused(resp, body, tenant)
}

// identify says who asks.
func (a *asking) identify(req *http.Request, tenant string) error {
	if a.TokenFile != "" {
		secret, err := token.First(a.TokenFile)
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

// refused says what a status means and what to do.
func (a *asking) refused(resp *http.Response, body []byte, tenant string) error {
	var says struct{ Error string }
	_ = json.Unmarshal(body, &says)
	ours := resp.Header.Get(runtimespec.HeaderReason) != "" && says.Error != ""
	switch {
	case resp.StatusCode == http.StatusOK:
		return nil
	case resp.StatusCode == http.StatusUnauthorized && a.TokenFile == "":
		return fmt.Errorf("%s wants a token: name a file that holds it with --token-file", a.Server)
	case resp.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s does not know the first token in %s: put one of the server's own --token-file there", a.Server, a.TokenFile)
	case resp.StatusCode == http.StatusForbidden && tenant != "":
		return errors.New("this token may not act for another tenant: leave --tenant out, or use one that may delegate")
	case ours:
		return fmt.Errorf("%s: %s", a.Server, printable(says.Error))
	}
	return fmt.Errorf("%s answered with status %s; is it a Whiskaway server? %s", a.Server, resp.Status, printable(says.Error))
}

// client goes to the server alone: its token is not for proxies, nor for where
// an answer would send it.
func (a *asking) client() (*http.Client, error) {
	transport := &http.Transport{DisableKeepAlives: true}
	if a.CAFile != "" {
		pem, err := os.ReadFile(a.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca-file: %s holds no certificate", a.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}
