package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// unusedFor is how long an unused cache is kept.
const unusedFor = 30 * 24 * time.Hour

// lend gives a job the tenant's cache while it works. Between jobs the cache belongs
// to the server: by then, its user's id may be some function's.
func (b *Builder) lend(ctx context.Context, j *Job, order Order) error {
	sum := sha256.Sum256([]byte(order.Tenant)) // a tenant's name may hold anything
	name := order.Cache + "-" + hex.EncodeToString(sum[:8])
	b.mu.Lock()
	if b.caches[name] == nil {
		b.caches[name] = semaphore.NewWeighted(1)
	}
	mine := b.caches[name]
	b.mu.Unlock()
	if err := mine.Acquire(ctx, 1); err != nil {
		return err
	}
	dir := b.path("caches", name)
	j.giveCache = func() error {
		defer mine.Release(1)
		return os.Lchown(dir, os.Getuid(), os.Getgid())
	}
	now := time.Now()
	err := errors.Join(os.MkdirAll(dir, 0o700), os.Chmod(dir, 0o700), os.Chtimes(dir, now, now))
	if err != nil {
		return err
	}
	j.Cache = dir
	return j.Own(dir)
}

// tidyCaches removes caches that have been unused for long, and caches that do not
// belong to the server: it was killed while one was lent.
func (b *Builder) tidyCaches() {
	entries, _ := os.ReadDir(b.path("caches"))
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !ownedBy(info, os.Getuid()) || time.Since(info.ModTime()) > unusedFor {
			_ = tree.Remove(b.path("caches", e.Name()))
		}
	}
}
