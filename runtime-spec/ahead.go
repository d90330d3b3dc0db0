package runtimespec

import (
	"crypto/sha256"
	"sync"
	"unsafe"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// aheadFrom is the size from which a body's code is hashed while it is parsed.
const aheadFrom = 1 << 20

// ahead is the digest of what seems to be the code in an init's body. Another
// CPU computes it while the body is parsed; the parser decides what the code
// is.
type ahead struct {
	code   []byte
	digest func() Digest
}

// hashAhead starts to hash large code.
func hashAhead(body []byte) (a ahead) {
	if a.code = codeAhead(body); len(a.code) < aheadFrom {
		return ahead{}
	}
	done := make(chan Digest, 1)
	go func() { done <- sha256.Sum256(a.code) }()
	a.digest = sync.OnceValue(func() Digest { return <-done })
	return a
}

// of reports whether code is what was hashed.
func (a *ahead) of(code []byte) bool {
	return a.digest != nil && len(a.code) == len(code) && unsafe.SliceData(a.code) == unsafe.SliceData(code)
}

// codeAhead returns what seems to be the code.
func codeAhead(body []byte) (code []byte) {
	if len(body) < aheadFrom {
		return nil
	}
	jsontext.Skim(body, func(name, value []byte) {
		if string(name) != `"value"` {
			return
		}
		jsontext.Skim(value, func(name, value []byte) {
			if string(name) == `"code"` && len(value) > 1 && value[0] == '"' {
				code = value[1 : len(value)-1]
			}
		})
	})
	return code
}
