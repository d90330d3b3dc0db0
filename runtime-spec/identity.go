package runtimespec

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"maps"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// Digest is a SHA-256: of a code string, or of everything that makes a function.
type Digest [sha256.Size]byte

// Identity names a function: two activations may share a process only when
// their identities (and tenants) are equal.
type Identity = Digest

// ErrDigest is returned for text that is not 64 lower-case hex digits.
var ErrDigest = errors.New("not 64 lower-case hex digits")

// ParseDigest parses 64 lower-case hex digits.
func ParseDigest(s string) (d Digest, err error) {
	if len(s) != 2*len(d) || strings.ToLower(s) != s {
		return Digest{}, ErrDigest
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return Digest{}, ErrDigest
	}
	return d, nil
}

// String returns the whole digest, for the wire only.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Short returns the digest's first 12 digits, for logs and displays: an
// identity is never logged whole.
func (d Digest) Short() string { return hex.EncodeToString(d[:6]) }

// Function is everything that makes a function what it is.
type Function struct {
	Kind   string            // as sent; empty if the server is to detect it
	Main   string            // "@host" is stripped before hashing
	Binary bool              // the code string is base64
	Code   Digest            // SHA-256 of the code string as given
	Env    map[string]string // init parameters and the container's __OW_* variables
}

// volatile are the env keys that change with each activation. In the identity
// they would make every cold start a new function.
var volatile = []string{"__OW_ACTIVATION_ID", "__OW_TRANSACTION_ID", "__OW_DEADLINE"}

// Volatile reports whether an env key changes with each activation. Such a key
// is kept out of the identity and of the process's env. extra lists the
// operator's own keys (WHISKAWAY_VOLATILE_ENV).
func Volatile(key string, extra []string) bool {
	return slices.Contains(volatile, key) || slices.Contains(extra, key)
}

// MergeEnv joins the action's env with the container's. The action's values
// win, and volatile keys are left out. U+FFFD replaces what is not UTF-8, as on
// the wire, so that a container and its server compute the same identity.
func MergeEnv(action, container map[string]string, extra []string) map[string]string {
	env := make(map[string]string, len(action)+len(container))
	for _, from := range []map[string]string{container, action} {
		for k, v := range from {
			if !Volatile(k, extra) {
				env[jsontext.ValidUTF8(k)] = jsontext.ValidUTF8(v)
			}
		}
	}
	return env
}

// StripHost returns main without the "@host" by which an author names a server.
func StripHost(main string) string {
	name, _, _ := strings.Cut(main, "@")
	return name
}

// Identity hashes the function. Each part is preceded by its length as a
// big-endian uint64, and so are the numbers of parts. Moving bytes from one
// part to the next therefore changes the hash.
func (f Function) Identity() Identity {
	h := sha256.New()
	part(h, Version)
	part(h, f.Kind)
	part(h, StripHost(f.Main))
	if f.Binary {
		part(h, "1")
	} else {
		part(h, "0")
	}
	part(h, string(f.Code[:]))
	number(h, len(f.Env))
	for _, k := range slices.Sorted(maps.Keys(f.Env)) {
		part(h, k)
		part(h, f.Env[k])
	}
	return Identity(h.Sum(nil))
}

func number(h hash.Hash, n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

func part(h hash.Hash, s string) {
	number(h, len(s))
	h.Write([]byte(s))
}
