package webproc

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// These members are the platform's additions to the argument of a web action.
const (
	webPrefix  = "__ow_"
	webMethod  = webPrefix + "method"
	webPath    = webPrefix + "path"
	webHeaders = webPrefix + "headers"
	webQuery   = webPrefix + "query" // raw ones only
	webBody    = webPrefix + "body"  // raw ones, and bodies that are no JSON object
)

// webMethods are those that the platform accepts.
var webMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// isWeb reports whether the argument is a web action's.
func (act *activation) isWeb() bool {
	return act.value.Kind() == '{' && bytes.Contains(act.value, []byte(webMethod)) && act.web()[webMethod].Kind() == '"'
}

// web returns the argument's members by name.
func (act *activation) web() map[string]jsontext.Value {
	all, _ := members(act.value)
	out := map[string]jsontext.Value{}
	for _, m := range all {
		out[m.name] = m.value
	}
	return out
}

// webRequest rebuilds the request that a web action's caller made to the platform.
func (c *Client) webRequest(ctx context.Context, act *activation) (*http.Request, error) {
	all, err := members(act.value)
	if err != nil {
		return nil, err
	}
	w := act.web()
	method := strings.ToUpper(plain(w[webMethod]))
	if !slices.Contains(webMethods, method) {
		return nil, fmt.Errorf("%s %.20q is none of %s", webMethod, method, strings.Join(webMethods, ", "))
	}
	h := callersHeaders(w[webHeaders])
	query, body := plain(w[webQuery]), decodeBody(w[webBody], h.Get("Content-Type"))
	if !has(w, webQuery) { // not raw: the platform mixed query and body into the argument
		rest := slices.DeleteFunc(all, func(m member) bool { return strings.HasPrefix(m.name, webPrefix) })
		switch {
		case has(w, webBody) || method == http.MethodGet || method == http.MethodHead:
			query = asQuery(rest)
		case len(rest) > 0:
			body = asObject(rest)
			h.Set("Content-Type", "application/json")
		}
	}
	req := c.request(ctx, method, target(plain(w[webPath]), query), body)
	req.Header = h
	act.setContext(req.Header)
	return req, nil
}

func has(w map[string]jsontext.Value, name string) bool { _, ok := w[name]; return ok }

// callersHeaders returns the caller's headers that may be passed on.
func callersHeaders(value jsontext.Value) http.Header {
	all, _ := members(value)
	var listed []string
	for _, m := range all {
		if strings.EqualFold(m.name, "connection") {
			listed = connectionListed([]string{plain(m.value)})
		}
	}
	h := http.Header{}
	for _, m := range all {
		if text := plain(m.value); passable(m.name, listed) && isFieldValue(text) {
			h.Set(m.name, text)
		}
	}
	return h
}

// decodeBody undoes the platform's encoding of a body. Text is left as it is, JSON
// and binary bodies come as base64, and an empty body as {}.
func decodeBody(value jsontext.Value, contentType string) []byte {
	switch {
	case len(value) == 0 || value.Kind() == 'n' || string(value) == "{}":
		return nil
	case value.Kind() != '"':
		return value
	}
	text := []byte(plain(value))
	form := mediaOf(contentType)
	if form == textual {
		return text
	}
	decoded, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || form == asJSON && !jsontext.Valid(decoded) {
		return text
	}
	return decoded
}

// asQuery makes a query of members.
func asQuery(all []member) string {
	query := url.Values{}
	for _, m := range all {
		query.Set(m.name, plain(m.value))
	}
	return query.Encode()
}

// asObject makes an object of members, their values as they stand.
func asObject(all []member) []byte {
	out := []byte{'{'}
	for i, m := range all {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, m.raw...), ':'), m.value...)
	}
	return append(out, '}')
}
