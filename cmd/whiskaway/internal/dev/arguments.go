package dev

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
)

// maxArguments bounds the arguments of a run, in bytes: what a client container
// accepts, less the JSON around them.
const maxArguments = 31 << 20

// errArguments reports a body or query that cannot become arguments.
var errArguments = errors.New("the arguments cannot be used")

// arguments returns a request's query parameters and its body: a JSON object or
// array, or a form. The body's values win.
func arguments(w http.ResponseWriter, r *http.Request) (any, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: query: %w", errArguments, err)
	}
	args := fromValues(query)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = "" // missing or malformed
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxArguments))
	if err != nil {
		return nil, fmt.Errorf("the body did not arrive: %w", err)
	}
	text := bytes.TrimSpace(body)
	switch {
	case len(text) == 0:
		return args, nil
	case kind == "multipart/form-data":
		err = addParts(args, body, params["boundary"])
	case kind == "application/json", text[0] == '{', text[0] == '[': // curl -d calls everything a form
		return withJSON(args, text)
	case kind == "application/x-www-form-urlencoded":
		var form url.Values
		if form, err = url.ParseQuery(string(text)); err == nil {
			maps.Copy(args, fromValues(form))
		}
	default:
		err = errors.New(`the body is neither a JSON object, nor an array, nor a form: try -d '{"name":"value"}'`)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errArguments, err)
	}
	return args, nil
}

// fromValues returns parameters as strings, as the platform does. A repeated
// parameter becomes a list.
func fromValues(values url.Values) map[string]any {
	args := map[string]any{}
	for name, list := range values {
		if len(list) == 1 {
			args[name] = list[0]
		} else {
			args[name] = list
		}
	}
	return args
}

// withJSON adds a JSON body to the arguments. It keeps the values as they are
// spelled: no number goes through a float.
func withJSON(args map[string]any, text []byte) (any, error) {
	if text[0] == '[' && json.Valid(text) {
		if len(args) > 0 {
			return nil, fmt.Errorf("%w: query parameters have no place beside an array", errArguments)
		}
		return json.RawMessage(text), nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, fmt.Errorf("%w: the body is no JSON object or array: %w", errArguments, err)
	}
	for name, value := range object {
		args[name] = value
	}
	return args, nil
}

// addParts adds the fields of a form as strings and its files in base64, as
// whiskaway invoke -p name=@FILE does.
func addParts(args map[string]any, body []byte, boundary string) error {
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		if part.FileName() != "" {
			args[part.FormName()] = base64.StdEncoding.EncodeToString(content)
		} else {
			args[part.FormName()] = string(content)
		}
	}
}
