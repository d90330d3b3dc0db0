package artifact

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// ErrArchive is wrapped by every refusal of an archive, whose message names
// the entry and the cause.
var ErrArchive = errors.New("the action's archive cannot be used")

// Limits bound what an archive may become.
type Limits struct {
	Bytes int64 // actually written
	Files int   // entries of any type
	Ratio int64 // bytes written per byte of archive, counted from ratioFrom on
}

// DefaultLimits leave room for a virtual environment.
var DefaultLimits = Limits{Bytes: 512 << 20, Files: 20_000, Ratio: 200}

// ratioFrom is where the ratio begins to count: a small file of zeros is no bomb.
const ratioFrom = 16 << 20

// IsZip and IsTarGz tell archives by their first bytes.
func IsZip(data []byte) bool { return bytes.HasPrefix(data, []byte("PK\x03\x04")) }

// IsTarGz reports whether data is gzipped.
func IsTarGz(data []byte) bool { return bytes.HasPrefix(data, []byte("\x1f\x8b")) }

// Names lists the entries of a zip, for telling what it is.
func Names(data []byte) []string {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(archive.File))
	for _, f := range archive.File {
		names = append(names, path.Clean(f.Name))
	}
	return names
}

// Unpack writes a zip or tar.gz below root.
func Unpack(root *os.Root, data []byte, limits Limits) error {
	w := &writer{root: root, limits: limits, packed: int64(len(data))}
	var err error
	switch {
	case IsZip(data):
		err = w.zip(data)
	case IsTarGz(data):
		err = w.tarGz(data)
	default:
		err = errors.New("it is neither a zip nor a tar.gz")
	}
	if err == nil {
		err = w.checkLinks()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrArchive, err)
	}
	return nil
}

type writer struct {
	root   *os.Root
	limits Limits
	packed int64 // size of the archive
	bytes  int64 // written so far
	files  int
	links  []string
}

func (w *writer) zip(data []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // the entry is refused by name below
		return fmt.Errorf("it is no valid zip: %w", err)
	}
	for _, f := range archive.File {
		if err := w.zipEntry(f); err != nil {
			return fmt.Errorf("entry %.200q: %w", f.Name, err)
		}
	}
	return nil
}

func (w *writer) zipEntry(f *zip.File) error {
	if strings.HasSuffix(f.Name, "/") {
		return w.entry(f.Name, fs.ModeDir, "", nil)
	}
	content, err := f.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	target := ""
	if f.Mode()&fs.ModeSymlink != 0 {
		text, err := io.ReadAll(io.LimitReader(content, 4096))
		if err != nil {
			return err
		}
		target = string(text)
	}
	return w.entry(f.Name, f.Mode(), target, content)
}

func (w *writer) tarGz(data []byte) error {
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("it is no valid gzip: %w", err)
	}
	for archive := tar.NewReader(plain); ; {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return fmt.Errorf("it is no valid tar: %w", err)
		}
		if head.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		mode := head.FileInfo().Mode()
		if head.Typeflag == tar.TypeLink {
			mode = fs.ModeIrregular // a hard link may alias what a later entry overwrites
		}
		if err := w.entry(head.Name, mode, head.Linkname, archive); err != nil {
			return fmt.Errorf("entry %.200q: %w", head.Name, err)
		}
	}
}

// entry writes one entry; the folder's root refuses what would leave it.
func (w *writer) entry(name string, mode fs.FileMode, target string, content io.Reader) error {
	if w.files++; w.files > w.limits.Files {
		return fmt.Errorf("more than %d entries", w.limits.Files)
	}
	clean := path.Clean(strings.ReplaceAll(name, `\`, "/"))
	if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") {
		return errors.New("it would be written outside the action's folder")
	}
	if mode.IsDir() {
		return w.root.MkdirAll(clean, 0o755)
	}
	if err := w.root.MkdirAll(path.Dir(clean), 0o755); err != nil {
		return err
	}
	switch {
	case mode.IsRegular():
		return w.file(clean, mode, content)
	case mode&fs.ModeSymlink != 0:
		w.links = append(w.links, clean)
		if path.IsAbs(target) {
			return fmt.Errorf("link to %.200q, outside the action's folder", target)
		}
		return w.root.Symlink(target, clean)
	}
	return fmt.Errorf("only files, folders and symbolic links are taken, not %s", mode.Type())
}

func (w *writer) file(name string, mode fs.FileMode, content io.Reader) error {
	perm := fs.FileMode(0o644)
	if mode&0o111 != 0 {
		perm = 0o755
	}
	f, err := w.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	defer f.Close()
	left := w.limits.Bytes
	if w.limits.Ratio > 0 {
		left = min(left, max(ratioFrom, w.packed*w.limits.Ratio))
	}
	left -= w.bytes
	n, err := io.Copy(f, io.LimitReader(content, left+1))
	w.bytes += n
	if err != nil {
		return err
	}
	if n > left {
		return fmt.Errorf("unpacked, the archive is over the limit of %d bytes (%d times its size at most)", w.limits.Bytes, w.limits.Ratio)
	}
	return f.Close()
}

// checkLinks follows every link once all is written: a chain of links can
// leave the folder though each of them alone seems to stay inside.
func (w *writer) checkLinks() error {
	for _, link := range w.links {
		if _, err := w.root.Stat(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("link %.200q: %w", link, err)
		}
	}
	return nil
}
