package build

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// A place is made/DIGEST: in it the folder that was built, under a random name,
// and, when it is finished, a file that gives that name. Builds stay where they
// were made, because many know their own path. The place is a gate: during the
// build its user alone passes, later the tenant's functions, and none while no
// function uses it.
const readyFile = "ready"

// place returns the folder in which an order's result belongs.
func (b *Builder) place(order Order) string {
	sum := sha256.New()
	for _, part := range []string{b.cfg.Dir, order.Tenant, order.Key} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func (b *Builder) newPlace(place string, user *sandbox.User) (dir string, err error) {
	at := b.path("made", place)
	if err := os.MkdirAll(at, 0o700); err != nil {
		return "", err
	}
	if err := open(at, user); err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp(at, ""); err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// open lets a group through the gate; nil: only the server's own user.
func open(gate string, group *sandbox.User) error {
	if group == nil {
		return os.Chmod(gate, 0o700)
	}
	return errors.Join(os.Chown(gate, os.Getuid(), int(group.ID)), os.Chmod(gate, 0o710))
}

// hand hands out a place's product, nil if it has none.
func (b *Builder) hand(place, name string) (*Product, error) {
	made, ok := b.look(place)
	if !ok {
		return nil, nil
	}
	t := b.enter(name)
	if err := b.admit(t, place); err != nil {
		b.leave(name)
		return nil, err
	}
	now := time.Now()
	_ = os.Chtimes(b.path("made", place, readyFile), now, now)
	b.used[place]++
	product, released := &Product{Dir: made.dir}, false
	if t.group != nil {
		product.Group = t.group.ID
	}
	product.Release = func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if !released {
			released = true
			b.closeGate(place, name, t)
		}
	}
	return product, nil
}

// admit opens a place's gate for a tenant's functions.
func (b *Builder) admit(t *tenant, place string) (err error) {
	if b.cfg.Box.Users != nil && t.group == nil {
		if t.group, err = b.cfg.Box.Users.Acquire(); err != nil {
			return err
		}
	}
	if err := open(b.path("made", place), t.group); err != nil {
		return err
	}
	t.inUse++
	return nil
}

// closeGate ends a use of a place. The last use closes its gate, and the tenant's
// last product gives up its group.
func (b *Builder) closeGate(place, name string, t *tenant) {
	if b.used[place]--; b.used[place] == 0 {
		delete(b.used, place)
		_ = open(b.path("made", place), nil)
	}
	if t.inUse--; t.inUse == 0 && t.group != nil {
		b.cfg.Box.Users.Release(t.group)
		t.group = nil
	}
	b.leave(name)
}

// made is one finished build.
type made struct {
	place string
	dir   string
	size  int64
	used  time.Time
}

func (b *Builder) look(place string) (m made, ok bool) {
	marker := b.path("made", place, readyFile)
	text, err := os.ReadFile(marker)
	if err != nil {
		return m, false
	}
	name := ""
	if _, err := fmt.Sscanf(string(text), "%s %d\n", &name, &m.size); err != nil || name != filepath.Base(name) {
		return m, false
	}
	m.place, m.dir = place, b.path("made", place, name)
	info, err := os.Stat(marker)
	if err != nil || !isDir(m.dir) {
		return m, false
	}
	m.used = info.ModTime()
	return m, true
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// finish takes a job's folder away from its user, which must not change what others
// will run, and announces the product.
func (b *Builder) finish(place string, j *Job) error {
	size, err := j.seal()
	if err != nil {
		return err
	}
	if most := b.maxBytes.Load(); size > most {
		return fmt.Errorf("what was built has %d bytes, more than this server keeps: %d", size, most)
	}
	at := b.path("made", place)
	tmp := filepath.Join(at, "new")
	return errors.Join(
		open(at, nil),
		os.WriteFile(tmp, fmt.Appendf(nil, "%s %d\n", filepath.Base(j.Dir), size), 0o600),
		os.Rename(tmp, filepath.Join(at, readyFile)),
	)
}

// evict removes the products that were unused for longest until the rest fits. It
// moves each away at once, and removes it without the lock.
func (b *Builder) evict(keep string) {
	for _, dir := range b.setAside(keep) {
		_ = tree.Remove(dir)
	}
}

func (b *Builder) setAside(keep string) (aside []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []made
	var total int64
	for _, place := range b.places() {
		if m, ok := b.look(place); ok {
			all = append(all, m)
			total += m.size
		}
	}
	slices.SortFunc(all, func(m, n made) int { return m.used.Compare(n.used) })
	for _, m := range all {
		if total <= b.maxBytes.Load() {
			break
		}
		if m.place == keep || b.used[m.place] > 0 || b.running[m.place] != nil {
			continue
		}
		away := b.path("evicted-" + filepath.Base(m.dir))
		if os.Rename(b.path("made", m.place), away) == nil {
			aside = append(aside, away)
			total -= m.size
		}
	}
	return aside
}

func (b *Builder) places() (out []string) {
	entries, _ := os.ReadDir(b.path("made"))
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// tidy clears away what a killed server was building or removing, and closes the
// gates. Files that resist stay: they are no product.
func (b *Builder) tidy() {
	for _, place := range b.places() {
		at := b.path("made", place)
		_ = open(at, nil)
		m, ok := b.look(place)
		entries, _ := os.ReadDir(at)
		for _, e := range entries {
			if !ok || (e.Name() != readyFile && e.Name() != filepath.Base(m.dir)) {
				_ = tree.Remove(filepath.Join(at, e.Name()))
			}
		}
		if !ok {
			_ = os.Remove(at)
		}
	}
	for _, pattern := range []string{"scratch-*", "evicted-*"} {
		left, _ := filepath.Glob(b.path(pattern))
		for _, dir := range left {
			_ = tree.Remove(dir)
		}
	}
	b.tidyCaches()
}
