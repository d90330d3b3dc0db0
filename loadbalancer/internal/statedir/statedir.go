// Package statedir is the balancer's own folder, and whether the disk that it is on is
// full.
package statedir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/flock"
)

// Dir is the folder of one balancer.
//
//	id     the lease that it holds at servers
//	lock   held by the balancer that uses it
//	code/  cached code, by tenant and digest
type Dir struct {
	Lease string           // that the balancer holds at servers, the same after a restart
	Code  *codestore.Store // of functions

	path string
	lock *os.File
	log  *zap.Logger
	full atomic.Bool // the disk is; changed with mu held

	mu    sync.Mutex // guards what follows
	size  int64      // the largest that did not fit since it is full
	quota bool       // why: free space says nothing then
}

// Open takes a folder, which is made if need be, for one balancer.
func Open(path string, maxCode int64, log *zap.Logger) (d *Dir, err error) {
	d = &Dir{path: path, log: log}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("%w: state folder: %w", daemon.ErrConfig, err)
	}
	if d.lock, err = os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("%w: state folder: %w", daemon.ErrConfig, err)
	}
	if err := flock.Try(d.lock); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: another balancer uses the state folder %s; set --state-dir", daemon.ErrConfig, path), d.Close())
	}
	if d.Lease, err = readID(filepath.Join(path, "id")); err == nil {
		d.Code, err = codestore.Open(filepath.Join(path, "code"), maxCode)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close gives the folder back.
func (d *Dir) Close() error { return d.lock.Close() }

// readID reads what an earlier balancer wrote, or makes it again.
func readID(path string) (string, error) {
	text, err := os.ReadFile(path)
	if id := strings.TrimSpace(string(text)); err == nil && len(id) == 36 && uuid.Validate(id) == nil {
		return id, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	id := uuid.NewString()
	return id, os.WriteFile(path, []byte(id+"\n"), 0o600)
}
