// Package codestore keeps the code that clients sent, by content, on disk. Each
// tenant has its own copies, because knowing a digest must not be enough to run
// another tenant's code.
//
// A file is verified by its hash at each use and not synced at each write. A
// torn file counts as missing, and the client sends the code again.
package codestore

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// ErrMissing means that the client has to send the code.
var ErrMissing = errors.New("code is not in the cache")

// Store is a folder of code strings, each in a file named for its digest.
type Store struct {
	dir      string
	maxBytes atomic.Int64

	mu sync.Mutex // guards the choice of what to evict, and writes to a full disk
}

// Open returns the store in dir, which no other process may use, for up to
// maxBytes.
func Open(dir string, maxBytes int64) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	s.maxBytes.Store(maxBytes)
	for _, f := range s.files() {
		if f.unfinished() { // a service was killed while writing it
			_ = os.Remove(f.path)
		}
	}
	return s, nil
}

// SetMaxBytes changes how much is kept and evicts what is over the limit.
func (s *Store) SetMaxBytes(n int64) {
	s.maxBytes.Store(n)
	s.evict("")
}

func (s *Store) path(tenant string, code runtimespec.Digest) string {
	sum := sha256.Sum256([]byte(tenant)) // a tenant's name may have any characters
	return filepath.Join(s.dir, hex.EncodeToString(sum[:8]), code.String())
}

// Has reports whether the code is there. It counts as a use of the code.
func (s *Store) Has(tenant string, code runtimespec.Digest) bool {
	now := time.Now()
	return os.Chtimes(s.path(tenant, code), now, now) == nil
}

// Put keeps a code string; digest is its digest, which the caller has computed.
// The file appears under its name whole or not at all. A power loss may still
// tear it; Get detects that.
func (s *Store) Put(tenant string, digest runtimespec.Digest, code []byte) error {
	path := s.path(tenant, digest)
	err := s.write(path, code)
	if Full(err) {
		err = s.writeInRoom(path, code, err)
	}
	if err == nil {
		s.evict(path)
	}
	return err
}

// write writes a file that appears whole or not at all.
func (s *Store) write(path string, code []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "*"+tmpSuffix)
	if err != nil {
		return err
	}
	_, err = tmp.Write(code)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// Get returns the code string, verified. It counts as a use of the code. A file
// that does not match its name is removed and reported missing.
func (s *Store) Get(tenant string, digest runtimespec.Digest) ([]byte, error) {
	path := s.path(tenant, digest)
	code, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrMissing
	}
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(code) != digest {
		return nil, errors.Join(ErrMissing, fmt.Errorf("cached code %s was altered on disk", digest.Short()), os.Remove(path))
	}
	s.Has(tenant, digest)
	return code, nil
}
