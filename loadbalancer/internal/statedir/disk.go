package statedir

import (
	"errors"
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Full says why a balancer is not ready while its disk is full: inits that bring code are
// refused at once then. Functions that servers have go on.
const Full = "the disk with its state folder is full"

// IsFull reports whether the disk is.
func (d *Dir) IsFull() bool { return d.full.Load() }

// enoughRoom is room with which the disk is not full, though one function's code
// did not fit.
const enoughRoom = 64 << 20

// Keep keeps a function's code, of which there are at most so many bytes.
func (d *Dir) Keep(tenant string, digest runtimespec.Digest, code []byte, most int64) error {
	size, err := int64(len(code)), d.Code.Put(tenant, digest, code)
	large := size > probeSize && !codestore.OverQuota(err)
	if codestore.Full(err) && large && d.Code.Room() >= min(enoughRoom, most) {
		return err // others' fits
	}
	d.noteWrite(size, err)
	return err
}

// noteWrite takes note of how a write of so many bytes ended. After one that did
// not fit, the disk is full until as much fits.
func (d *Dir) noteWrite(size int64, err error) {
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
		d.log.Error(Full, zap.String("folder", d.path), zap.Error(err))
	case was && !full:
		d.log.Info("there is room again on the disk with the state folder")
	}
}

// probeSize is what a probe writes: a file system may have room for a little less
// than any function's code.
const probeSize = 64 << 10

// Check looks whether something can be written: after what did not fit, as
// much as that.
func (d *Dir) Check() {
	d.mu.Lock()
	size, probe := max(d.size, probeSize), int64(probeSize)
	if d.quota {
		probe = size // nothing else tells
	} else if d.full.Load() && d.Code.Room() < min(size, enoughRoom) {
		probe = 0
	}
	d.mu.Unlock()
	if probe == 0 {
		return
	}
	err := writeProbe(filepath.Join(d.path, "probe"), probe)
	if codestore.Full(err) && d.Code.Bytes() >= probe {
		err = nil // code that is kept would go for it
	}
	if err != nil {
		size = probe
	}
	d.noteWrite(size, err)
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
