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

	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// maxList is more than any list of functions that people can read.
const maxList = 64 << 20

// fetch asks the server.
func (c *psCommand) fetch() ([]byte, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(c.Server, "/")+runtimespec.PathFunctions, nil)
	if err != nil {
		return nil, fmt.Errorf("--server: %w", err)
	}
	if err := c.identify(req); err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err // without the URL, which is said already
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be reached; is a server there? --server names another: %w", c.Server, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxList))
	if err != nil {
		return nil, fmt.Errorf("the answer of %s is cut off: %w", c.Server, err)
	}
	return body, c.refused(resp, body)
}

// identify says who asks.
func (c *psCommand) identify(req *http.Request) error {
	if c.TokenFile != "" {
		secret, err := token.First(c.TokenFile)
		if err != nil {
			return fmt.Errorf("--token-file: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	if c.Tenant != "" {
		req.Header.Set(runtimespec.HeaderTenant, c.Tenant)
	}
	return nil
}

// refused says what a status means and what to do.
func (c *psCommand) refused(resp *http.Response, body []byte) error {
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized:
		if c.TokenFile == "" {
			return fmt.Errorf("%s wants a token: name a file that holds it with --token-file", c.Server)
		}
		return fmt.Errorf("%s does not know the first token in %s: put one of the server's own --token-file there", c.Server, c.TokenFile)
	case http.StatusForbidden:
		return errors.New("this token may not act for another tenant: leave --tenant out, or use one that may delegate")
	}
	var says struct{ Error string }
	_ = json.Unmarshal(body, &says)
	return fmt.Errorf("%s answered with status %s; is it a Whiskaway server? %s", c.Server, resp.Status, printable(says.Error))
}

// client goes to the server alone: its token is not for proxies, nor for where
// an answer would send it.
func (c *psCommand) client() (*http.Client, error) {
	transport := &http.Transport{}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca-file: %s holds no certificate", c.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}
