package webproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// Run turns an activation into a request and the answer into a result. The request
// is sent once: the transport repeats none of ours.
func (c *Client) Run(ctx context.Context, line []byte, max int) ([]byte, error) {
	act, err := parseActivation(line)
	if err != nil {
		return nil, err
	}
	web := act.isWeb()
	build := c.plainRequest
	if web {
		build = c.webRequest
	}
	req, err := build(ctx, act)
	if err != nil { // the argument cannot be made a request, so the function does not get it
		return applicationError(err), nil
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, failure(err)
	}
	defer resp.Body.Close()
	body, err := read(resp, max)
	if err != nil {
		return nil, err
	}
	result := plainResult(resp, body)
	if web {
		result = webResult(resp, body)
	}
	if len(result) > max {
		return nil, fmt.Errorf("%w: %d > %d bytes", process.ErrTooLarge, len(result), max)
	}
	return result, nil
}

// read reads an answer's body, up to max bytes. A stream is read to its end.
func read(resp *http.Response, max int) ([]byte, error) {
	if resp.StatusCode == http.StatusSwitchingProtocols { // what follows is no answer
		return nil, fmt.Errorf("%w: its web server switched to another", process.ErrProtocol)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(max)+1))
	switch {
	case len(body) > max && resp.ContentLength > int64(max):
		return nil, fmt.Errorf("%w: %d > %d bytes", process.ErrTooLarge, resp.ContentLength, max)
	case len(body) > max:
		return nil, fmt.Errorf("%w: more than %d bytes", process.ErrTooLarge, max)
	case err != nil:
		return nil, failure(err)
	}
	return body, nil
}

// failure sorts a request's failure.
func failure(err error) error {
	switch {
	case !errors.As(err, new(*notConnected)):
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, errImpostor), errors.Is(err, errDeaf), errors.As(err, new(*exposedError)):
		return fmt.Errorf("%w: %w", process.ErrNotDelivered, err)
	default: // the host lacks a resource, the function may be well
		return fmt.Errorf("the action's web server: %w", err)
	}
	return fmt.Errorf("%w: no whole answer came from its web server: %w", process.ErrProtocol, err)
}
