package loadbalancer

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// disk is where the balancer keeps functions' code. While it is full, inits that
// bring code are refused at once and the balancer is not ready; functions that
// servers have go on.
type disk struct{ full atomic.Bool }

// isFull reports whether something was not written for want of room on a disk.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// errDiskFull ends an init: nothing but room helps, and its caller need not come
// again for it.
func (b *Balancer) errDiskFull(cause error) *Refusal {
	return refusal(runtimespec.Internal, "the balancer cannot keep the function's code: %s", diskFull).because(cause)
}

// diskFull is why a balancer is not ready, for people.
const diskFull = "the disk with its state folder is full"

// noteWrite takes note of how a write to the disk ended, and returns its error.
func (b *Balancer) noteWrite(err error) error {
	full := isFull(err)
	if err != nil && !full {
		return err // it says nothing about that
	}
	if b.disk.full.Swap(full) == full {
		return err
	}
	if full {
		b.log.Error(diskFull, zap.String("folder", b.cfg.StateDir), zap.Error(err))
	} else {
		b.log.Info("there is room again on the disk with the state folder")
	}
	return err
}

// probeSize is what a probe writes: a file system may have room for a little less
// than any function's code.
const probeSize = 64 << 10

// checkDisk looks whether something can be written.
func (b *Balancer) checkDisk() {
	path := filepath.Join(b.cfg.StateDir, "probe")
	err := os.WriteFile(path, make([]byte, probeSize), 0o600)
	_ = os.Remove(path)
	_ = b.noteWrite(err)
}
