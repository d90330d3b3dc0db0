// Package artifact unpacks a function's code, a zip or tar.gz, below a folder, and
// looks into it. The archive is its author's, and the server may be root. So nothing
// is written outside the folder or through a link that leads out of it, and sizes,
// numbers and the ratio of compression are bounded. Archives from Windows and macOS
// get the names and modes that Linux needs.
package artifact

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
)

// ErrArchive is wrapped by every refusal of an archive. The message names the entry
// and the cause.
var ErrArchive = errors.New("the action's archive cannot be used")

// Limits bound what an archive may become.
type Limits struct {
	Bytes int64 // actually written
	Files int   // entries of any type, and folders that are only implied
	Ratio int64 // bytes written per byte of archive, counted from ratioFrom on
}

// DefaultLimits leave room for a virtual environment, or for node_modules.
var DefaultLimits = Limits{Bytes: 512 << 20, Files: 200_000, Ratio: 200}

// IsZip reports whether data is a zip. A zip without entries starts with its end.
func IsZip(data []byte) bool {
	return bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("PK\x05\x06"))
}

// IsTarGz reports whether data is gzipped.
func IsTarGz(data []byte) bool { return bytes.HasPrefix(data, []byte("\x1f\x8b")) }

// Unpack writes a zip or tar.gz below root. After a failure it leaves what was
// written until then.
func Unpack(root *os.Root, data []byte, limits Limits) error {
	w := newWriter(root, limits, int64(len(data)))
	var err error
	switch {
	case IsZip(data):
		err = w.zip(data)
	case IsTarGz(data):
		err = w.tarGz(data)
	default:
		err = errors.New("it is neither a zip nor a tar.gz")
	}
	if err == nil && w.things == 0 {
		err = errors.New("it is empty: there is no file in it")
	}
	if err != nil && !hostFault(err) {
		return fmt.Errorf("%w: %w", ErrArchive, err)
	}
	return err
}

// hostFault reports whether the host failed and not the archive: the disk is full,
// say.
func hostFault(err error) bool {
	return slices.ContainsFunc([]error{
		syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.ENOMEM, syscall.EMFILE,
		syscall.ENFILE, syscall.EROFS, syscall.EACCES, syscall.EPERM,
	}, func(fault error) bool { return errors.Is(err, fault) })
}
