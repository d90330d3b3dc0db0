package webproc

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// formOf returns how an answer's body is shown: by its type or, without one, by its
// content.
func formOf(resp *http.Response, body []byte) media {
	form, contentType := asBase64, resp.Header.Get("Content-Type")
	switch {
	case resp.Header.Get("Content-Encoding") != "": // compressed, although it was not asked for
		return asBase64
	case contentType != "":
		form = mediaOf(contentType)
	case jsontext.Valid(body):
		form = asJSON
	case utf8.Valid(body):
		form = textual
	}
	if form == asJSON && !jsontext.Valid(body) {
		form = textual
	}
	return form
}

// plainResult returns the result of a run that was posted. It is the answer itself
// if that is a JSON object or array, and otherwise an object that contains it.
func plainResult(resp *http.Response, body []byte) []byte {
	form := formOf(resp, body)
	if resp.StatusCode/100 != 2 {
		out := append([]byte(`{"error":{"statusCode":`), strconv.Itoa(resp.StatusCode)...)
		return append(appendBody(append(out, ','), form, resp, body), "}}"...)
	}
	if kind := jsontext.Value(body).Kind(); form == asJSON && (kind == '{' || kind == '[') {
		return body
	}
	if len(body) == 0 {
		return []byte("{}")
	}
	return append(appendBody([]byte{'{'}, form, resp, body), '}')
}

// appendBody adds a member with a body. A body in base64 is followed by its type,
// which tells it from text.
func appendBody(out []byte, form media, resp *http.Response, body []byte) []byte {
	out = append(out, `"body":`...)
	switch form {
	case asJSON:
		return append(out, body...)
	case textual:
		return jsontext.AppendString(out, string(body))
	}
	out = jsontext.AppendString(out, base64.StdEncoding.EncodeToString(body))
	return jsontext.AppendString(append(out, `,"contentType":`...), resp.Header.Get("Content-Type"))
}

// webResult returns an answer as the result of a web action. JSON goes as base64
// where the platform would misread it: a string, above all.
func webResult(resp *http.Response, body []byte) []byte {
	form := formOf(resp, body)
	if resp.Header.Get("Content-Type") == "" && len(body) > 0 {
		resp.Header.Set("Content-Type", map[media]string{asJSON: "application/json", textual: "text/plain; charset=utf-8", asBase64: "application/octet-stream"}[form])
	}
	out := append([]byte(`{"statusCode":`), strconv.Itoa(resp.StatusCode)...)
	out = appendHeaders(append(out, `,"headers":`...), resp.Header)
	out = append(out, `,"body":`...)
	switch kind := jsontext.Value(body).Kind(); {
	case form == textual && mediaOf(resp.Header.Get("Content-Type")) == textual, len(body) == 0:
		out = jsontext.AppendString(out, string(body))
	case form == asJSON && kind != '"' && kind != 'n':
		out = append(out, body...)
	default:
		out = jsontext.AppendString(out, base64.StdEncoding.EncodeToString(body))
	}
	return append(out, '}')
}

// appendHeaders adds an answer's headers. A repeated one becomes an array.
func appendHeaders(out []byte, h http.Header) []byte {
	listed := connectionListed(h.Values("Connection"))
	var names []string
	for name := range h {
		if passable(name, listed) && name != "Date" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	out = append(out, '{')
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(jsontext.AppendString(out, strings.ToLower(name)), ':')
		if values := h[name]; len(values) == 1 {
			out = jsontext.AppendString(out, values[0])
		} else {
			out = append(out, '[')
			for i, value := range values {
				if i > 0 {
					out = append(out, ',')
				}
				out = jsontext.AppendString(out, value)
			}
			out = append(out, ']')
		}
	}
	return append(out, '}')
}

// applicationError is the result of an argument that cannot be made a request.
func applicationError(err error) []byte {
	return append(jsontext.AppendString([]byte(`{"error":`), "The action's web server cannot be sent this: "+err.Error()), '}')
}
