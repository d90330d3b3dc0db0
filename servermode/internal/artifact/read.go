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
	"strings"
)

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
	if strings.HasSuffix(slashed(f.Name), "/") {
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
	inflated := &bounded{from: plain, left: w.inflatable(), over: w.over()}
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
	return w.entry(head.Name, head.FileInfo().Mode(), head.Linkname, content)
}

// bounded fails where a reader has given too much. Headers count too: an
// archive of nothing else would keep the reader busy for long.
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
