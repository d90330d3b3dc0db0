package conformance

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"
)

// file is an entry of an archive. A symbolic link's body is where it points.
type file struct {
	name, body string
	mode       fs.FileMode // 0: 0644
}

func link(name, target string) file { return file{name, target, fs.ModeSymlink | 0o777} }

// archived is an action made of these bytes.
func archived(content []byte) action {
	return action{code: base64.StdEncoding.EncodeToString(content), binary: true}
}

// zipped is an archive of the files. Writing to memory does not fail, and a
// name that zip refuses would be a bug of the case: so errors are not returned.
func zipped(files ...file) action {
	var content bytes.Buffer
	w := zip.NewWriter(&content)
	for _, f := range files {
		addFile(w, f, zip.Deflate)
	}
	must(w.Close())
	return archived(content.Bytes())
}

// padded is an archive of the files and of size bytes that are not compressed.
func padded(size int, files ...file) action {
	var content bytes.Buffer
	content.Grow(size + 64<<10)
	w := zip.NewWriter(&content)
	for _, f := range files {
		addFile(w, f, zip.Deflate)
	}
	addFile(w, file{name: "padding", body: strings.Repeat("p", size)}, zip.Store)
	must(w.Close())
	return archived(content.Bytes())
}

func addFile(w *zip.Writer, f file, method uint16) {
	header := &zip.FileHeader{Name: f.name, Method: method}
	header.SetMode(f.permissions())
	entry, err := w.CreateHeader(header)
	must(err)
	_, err = io.WriteString(entry, f.body)
	must(err)
}

func (f file) permissions() fs.FileMode {
	if f.mode == 0 {
		return 0o644
	}
	return f.mode
}

// tarred is a tar.gz of the files.
func tarred(files ...file) action {
	var content bytes.Buffer
	compressed := gzip.NewWriter(&content)
	w := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Typeflag: tar.TypeReg, Mode: int64(f.permissions().Perm()), Size: int64(len(f.body))}
		if f.mode&fs.ModeSymlink != 0 {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, f.body, 0
		}
		must(w.WriteHeader(header))
		if header.Size > 0 {
			_, err := io.WriteString(w, f.body)
			must(err)
		}
	}
	must(w.Close())
	must(compressed.Close())
	return archived(content.Bytes())
}

// bomb is a small archive of the files and of one more with the given number
// of MiB of zeros, which says of itself that it has claimed bytes.
func bomb(mib int, claimed uint64, files ...file) action {
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
	return archived(content.Bytes())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
