// Package archive makes actions that are zips or tar.gz files. Some are
// hostile: they lie about their size, or lead out of their folder.
package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/base64"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// File is an entry of an archive. A symbolic link's body is where it points.
type File struct {
	Name, Body string
	Mode       fs.FileMode // 0: 0644
}

// Link returns a symbolic link.
func Link(name, target string) File { return File{name, target, fs.ModeSymlink | 0o777} }

// Of returns an action made of these bytes.
func Of(content []byte) session.Action {
	return session.Action{Code: base64.StdEncoding.EncodeToString(content), Binary: true}
}

// Zip returns a zip of the files. Writing to memory does not fail, and a name
// that zip refuses is a bug of the case, so there is no error to return.
func Zip(files ...File) session.Action {
	var content bytes.Buffer
	w := zip.NewWriter(&content)
	for _, f := range files {
		addFile(w, f, zip.Deflate)
	}
	must(w.Close())
	return Of(content.Bytes())
}

// Padded returns a zip of the files and of size bytes that are not compressed.
func Padded(size int, files ...File) session.Action {
	var content bytes.Buffer
	content.Grow(size + 64<<10)
	w := zip.NewWriter(&content)
	for _, f := range files {
		addFile(w, f, zip.Deflate)
	}
	addFile(w, File{Name: "padding", Body: strings.Repeat("p", size)}, zip.Store)
	must(w.Close())
	return Of(content.Bytes())
}

func addFile(w *zip.Writer, f File, method uint16) {
	header := &zip.FileHeader{Name: f.Name, Method: method}
	header.SetMode(f.permissions())
	entry, err := w.CreateHeader(header)
	must(err)
	_, err = io.WriteString(entry, f.Body)
	must(err)
}

func (f File) permissions() fs.FileMode {
	if f.Mode == 0 {
		return 0o644
	}
	return f.Mode
}

// Tar returns a tar.gz of the files.
func Tar(files ...File) session.Action {
	var content bytes.Buffer
	compressed := gzip.NewWriter(&content)
	w := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Name: f.Name, Typeflag: tar.TypeReg, Mode: int64(f.permissions().Perm()), Size: int64(len(f.Body))}
		if f.Mode&fs.ModeSymlink != 0 {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, f.Body, 0
		}
		must(w.WriteHeader(header))
		if header.Size > 0 {
			_, err := io.WriteString(w, f.Body)
			must(err)
		}
	}
	must(w.Close())
	must(compressed.Close())
	return Of(content.Bytes())
}

// Bomb returns a small zip of the files and one more, with the given number of
// MiB of zeros; its directory claims another size for that.
func Bomb(mib int, claimed uint64, files ...File) session.Action {
	var content bytes.Buffer
	w := zip.NewWriter(&content)
	for _, f := range files {
		addFile(w, f, zip.Deflate)
	}
	zeros := make([]byte, 1<<20)
	sum := crc32.NewIEEE()
	for range mib {
		_, _ = sum.Write(zeros)
	}
	packed := deflatedRepeatedly(zeros, mib)
	entry, err := w.CreateRaw(&zip.FileHeader{
		Name: "zeros", Method: zip.Deflate, CRC32: sum.Sum32(),
		CompressedSize64: uint64(len(packed)), UncompressedSize64: claimed,
	})
	must(err)
	_, err = entry.Write(packed)
	must(err)
	must(w.Close())
	return Of(content.Bytes())
}

// deflatedRepeatedly returns a deflate stream of n times the block. The block is
// compressed once: a flushed stream ends on a byte and can be repeated.
func deflatedRepeatedly(block []byte, n int) []byte {
	var stream bytes.Buffer
	w, err := flate.NewWriter(&stream, flate.BestCompression)
	must(err)
	_, err = w.Write(block)
	must(err)
	must(w.Flush())
	packed := bytes.Repeat(stream.Bytes(), n)
	stream.Reset()
	must(w.Close())
	return append(packed, stream.Bytes()...)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
