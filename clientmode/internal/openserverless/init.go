package openserverless

import (
	"bytes"
	"crypto/md5" // not for security: the server names functions by it
	"encoding/hex"
	"maps"
	"slices"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// codeHash is the init parameter that names a function.
const codeHash = "__OW_CODE_HASH"

// Options are what the adapter needs to know beside the init.
type Options struct {
	Container map[string]string // the container's own variables, which the action expects to see
	ID        string            // the container's, a UUID
	Name      string            // the server's, for messages to authors
	MaxResult int               // bytes
}

// New returns the adapter for one function at next, and the init's body in
// parts, so that large code is not copied.
func New(next sender, init *runtimespec.InitBody, o Options) (*Adapter, [][]byte, error) {
	sum := md5.Sum(init.Code)
	s := &Adapter{sender: next, hash: hex.EncodeToString(sum[:]), id: o.ID, name: o.Name, maxResult: o.MaxResult}
	body, err := s.initBody(init, o.Container)
	return s, body, err
}

// initBody returns the init in parts, so that large code is not copied. Unlike
// the server's own client it passes the container's variables on, which the
// action expects to see.
func (s *Adapter) initBody(init *runtimespec.InitBody, container map[string]string) ([][]byte, error) {
	env := maps.Clone(container)
	maps.Copy(env, init.Env)
	env[codeHash] = s.hash
	head := append([]byte(`{"proxiedActionID":"`), s.id...)
	head = append(head, `","value":{"name":`...)
	head, err := jsontext.AppendQuote(head, init.Name)
	if err != nil {
		return nil, err
	}
	code, err := quoted(init.Code)
	if err != nil {
		return nil, err
	}
	tail := []byte(`,"main":`)
	if tail, err = jsontext.AppendQuote(tail, init.Function("", runtimespec.Digest{}, nil, nil).Main); err != nil {
		return nil, err
	}
	if init.Binary {
		tail = append(tail, `,"binary":true`...)
	}
	tail = append(tail, `,"env":{`...)
	for i, key := range slices.Sorted(maps.Keys(env)) {
		if i > 0 {
			tail = append(tail, ',')
		}
		if tail, err = jsontext.AppendQuote(tail, key); err != nil {
			return nil, err
		}
		if tail, err = jsontext.AppendQuote(append(tail, ':'), env[key]); err != nil {
			return nil, err
		}
	}
	parts := append([][]byte{append(head, `,"code":`...)}, code...)
	return append(parts, append(tail, `}}}`...)), nil
}

// quoted returns a JSON string in parts. Text that needs no escapes, such as
// base64, is not copied.
func quoted(text []byte) ([][]byte, error) {
	if bytes.IndexFunc(text, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) < 0 {
		return [][]byte{{'"'}, text, {'"'}}, nil
	}
	out, err := jsontext.AppendQuote(make([]byte, 0, len(text)+len(text)/16), text)
	return [][]byte{out}, err
}
