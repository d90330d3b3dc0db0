package clientmode

import (
	"bytes"
	"crypto/md5" // not for safety: it is how that server tells functions apart
	"encoding/hex"
	"maps"
	"slices"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// codeHash is the init parameter by which the client names a function.
const codeHash = "__OW_CODE_HASH"

// openServerless makes f a function for a server of Apache OpenServerless.
func (c *Client) openServerless(f *function, init *runtimespec.InitBody) error {
	sum := md5.Sum(init.Code)
	o := &openServerless{Upstream: f.upstream, hash: hex.EncodeToString(sum[:]), id: c.lease, name: f.server, maxResult: c.cfg.MaxResult}
	body, err := o.initBody(init, c.cfg.containerEnv())
	if err != nil {
		return err
	}
	f.upstream, f.short = o, nil // the code is always sent
	f.whole = keep(body...)
	return nil
}

// initBody is an init in parts, so that large code is not copied. Other than
// that server's own client it passes on the container's variables, which the
// action wants to see.
func (o *openServerless) initBody(init *runtimespec.InitBody, container map[string]string) ([][]byte, error) {
	env := maps.Clone(container)
	maps.Copy(env, init.Env)
	env[codeHash] = o.hash
	head := append([]byte(`{"proxiedActionID":"`), o.id...)
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

// quoted is a JSON string in parts; what needs no escapes, such as base64, is
// not copied.
func quoted(text []byte) ([][]byte, error) {
	if bytes.IndexFunc(text, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) < 0 {
		return [][]byte{{'"'}, text, {'"'}}, nil
	}
	out, err := jsontext.AppendQuote(make([]byte, 0, len(text)+len(text)/16), text)
	return [][]byte{out}, err
}
