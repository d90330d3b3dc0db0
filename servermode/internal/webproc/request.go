package webproc

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// plainRequest posts an argument as it came.
func (c *Client) plainRequest(ctx context.Context, act *activation) (*http.Request, error) {
	target, err := url.ParseRequestURI(c.endpoint.Run)
	if err != nil {
		return nil, err
	}
	req := c.request(ctx, http.MethodPost, target, act.value)
	req.Header.Set("Content-Type", "application/json")
	act.setContext(req.Header)
	return req, nil
}

// once are methods whose requests the transport would send again after a failure if
// they had no body at all.
var once = []string{http.MethodGet, http.MethodHead, http.MethodOptions}

func (c *Client) request(ctx context.Context, method string, target *url.URL, body []byte) *http.Request {
	target.Scheme, target.Host = "http", c.address()
	req := &http.Request{Method: method, URL: target, Host: target.Host, Header: http.Header{}, ContentLength: int64(len(body))}
	if len(body) > 0 || slices.Contains(once, method) {
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	return req.WithContext(ctx)
}

// target returns the URL of a path and a query as a platform gives them: escaped.
func target(where, query string) *url.URL {
	escaped := printable(clean(where), '?')
	decoded, err := url.PathUnescape(escaped)
	switch {
	case err != nil:
		decoded, escaped = clean(where), ""
	case clean(decoded) != decoded:
		decoded, escaped = clean(decoded), ""
	}
	return &url.URL{Path: decoded, RawPath: escaped, RawQuery: printable(strings.TrimPrefix(query, "?"), 0)}
}

// clean resolves . and .. and doubled slashes, and keeps a slash at the end.
func clean(where string) string {
	out := path.Clean("/" + where)
	if strings.HasSuffix(where, "/") && out != "/" {
		out += "/"
	}
	return out
}

// printable escapes what must not stand in a request line, and one more byte.
func printable(text string, also byte) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		if b <= ' ' || b >= 0x7f || b == '#' || b == also {
			const digits = "0123456789ABCDEF"
			out.Write([]byte{'%', digits[b>>4], digits[b&15]})
		} else {
			out.WriteByte(b)
		}
	}
	return out.String()
}
