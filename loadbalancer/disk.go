package loadbalancer

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// disk is where the balancer keeps functions' code. While it is full, inits that
// bring code are refused at once and the balancer is not ready; functions that
// servers have go on.
type disk struct {
	full atomic.Bool // changed with mu held

	mu    sync.Mutex // guards what follows
	size  int64      // the largest that did not fit since it is full
	quota bool       // why: free space says nothing then
}

// errDiskFull ends an init: nothing but room helps, and its caller need not come
// again for it.
func (b *Balancer) errDiskFull(cause error) *refusal.Refusal {
	return refusal.New(runtimespec.Internal, "the balancer cannot keep the function's code: %s", diskFull).Because(cause)
}

// diskFull is why a balancer is not ready, for people.
const diskFull = "the disk with its state folder is full"

// enoughRoom is room with which the disk is not full, though one function's code
// did not fit.
const enoughRoom = 64 << 20

// noteCode takes note of how a write of code ended, and returns its error.
func (b *Balancer) noteCode(size int64, err error) error {
	large := size > probeSize && !codestore.OverQuota(err)
	if codestore.Full(err) && large && b.store.Room() >= min(enoughRoom, b.settings().MaxInitBody) {
		return err // others' fits
	}
	b.noteWrite(size, err)
	return err
}

// noteWrite takes note of how a write of so many bytes ended. After one that did
// not fit, the disk is full until as much fits.
func (b *Balancer) noteWrite(size int64, err error) {
	d := &b.disk
	full := codestore.Full(err)
	if err != nil && !full {
		return // it says nothing about that
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if full {
		d.size, d.quota = max(d.size, size), codestore.OverQuota(err)
	} else if size < d.size {
		return
	} else {
		d.size, d.quota = 0, false
	}
	switch was := d.full.Swap(full); {
	case full && !was:
		b.log.Error(diskFull, zap.String("folder", b.cfg.StateDir), zap.Error(err))
	case was && !full:
		b.log.Info("there is room again on the disk with the state folder")
	}
}

// probeSize is what a probe writes: a file system may have room for a little less
// than any function's code.
const probeSize = 64 << 10

// checkDisk looks whether something can be written: after what did not fit, as
// much as that.
func (b *Balancer) checkDisk() {
	b.disk.mu.Lock()
	size, probe := max(b.disk.size, probeSize), int64(probeSize)
	if b.disk.quota {
		probe = size // nothing else tells
	} else if b.disk.full.Load() && b.store.Room() < min(size, enoughRoom) {
		probe = 0
	}
	b.disk.mu.Unlock()
	if probe == 0 {
		return
	}
	err := writeProbe(filepath.Join(b.cfg.StateDir, "probe"), probe)
	if codestore.Full(err) && b.store.Bytes() >= probe {
		err = nil // code that is kept would go for it
	}
	if err != nil {
		size = probe
	}
	b.noteWrite(size, err)
}

// writeProbe writes a file of so many bytes, and removes it.
func writeProbe(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	piece := make([]byte, probeSize)
	for ; size > 0 && err == nil; size -= probeSize {
		_, err = f.Write(piece[:min(size, probeSize)])
	}
	return errors.Join(err, f.Close())
}
