package loadbalancer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/flock"
)

// openState takes the balancer's own folder:
//
//	id     the lease that it holds at servers
//	lock   held by the balancer that uses it
//	code/  cached code, by tenant and digest
func (b *Balancer) openState() (err error) {
	dir := b.cfg.StateDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: state folder: %w", daemon.ErrConfig, err)
	}
	if b.lock, err = os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("%w: state folder: %w", daemon.ErrConfig, err)
	}
	if err := flock.Try(b.lock); err != nil {
		return fmt.Errorf("%w: another balancer uses the state folder %s; set --state-dir", daemon.ErrConfig, dir)
	}
	if b.lease, err = readID(filepath.Join(dir, "id")); err != nil {
		return err
	}
	b.store, err = codestore.Open(filepath.Join(dir, "code"), b.cfg.CodeCache)
	return err
}

// readID reads what an earlier balancer wrote, or makes it anew.
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
