package artifact

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

func (w *writer) zip(data []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // the entry is refused by name below
		return fmt.Errorf("it is no valid zip: %w", err)
	}
	for _, f := range archive.File {
		if err := w.zipEntry(f); err != nil {
			return fmt.Errorf("entry %.200q: %w", zipName(f), err)
		}
	}
	return nil
}

func (w *writer) zipEntry(f *zip.File) error {
	name := zipName(f)
	if strings.HasSuffix(name, "/") {
		return w.entry(name, fs.ModeDir, "", nil)
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
	return w.entry(name, zipMode(f), target, content)
}

func (w *writer) tarGz(data []byte) error {
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("it is no valid gzip: %w", err)
	}
	inflated := &bounded{from: plain, left: w.writable() + tarRoom, over: w.over()}
	archive := tar.NewReader(inflated)
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) { // the entry is refused by name below
			return fmt.Errorf("it is no valid tar: %w", err)
		}
		if err := w.tarEntry(head, archive); err != nil {
			return fmt.Errorf("entry %.200q: %w", head.Name, err)
		}
		if head.Typeflag != tar.TypeXGlobalHeader {
			inflated.left += headRoom
		}
	}
	if _, err := io.Copy(io.Discard, inflated); err != nil { // the checksum comes last
		return fmt.Errorf("it is no valid gzip: %w", err)
	}
	return nil
}

func (w *writer) tarEntry(head *tar.Header, content io.Reader) error {
	switch head.Typeflag {
	case tar.TypeXGlobalHeader:
		return nil
	case tar.TypeLink:
		return errors.New("hard links are not taken: they may alias what a later entry overwrites")
	}
	return w.entry(slashed(head.Name), head.FileInfo().Mode(), head.Linkname, content)
}

// executable reports whether content starts like a program, and returns a reader of
// all of it. It stands in for permissions that an archive does not have.
func executable(content io.Reader) (bool, io.Reader) {
	whole := bufio.NewReader(content)
	head, _ := whole.Peek(4)
	return bytes.HasPrefix(head, []byte("\x7fELF")) || bytes.HasPrefix(head, []byte("#!")), whole
}

// bounded fails when its reader has given too much. Headers count too: an archive of
// nothing else would keep the reader busy for long.
type bounded struct {
	from io.Reader
	left int64
	over error
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, b.over
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
