package artifact_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
)

// entry is one of an archive. A name that ends with / is a folder's.
type entry struct {
	name, text string
	mode       fs.FileMode
	link       string // target of a symbolic link
	hard       string // target of a hard link
	kind       byte   // tar only: type flag
}

func zipOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		head := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.mode == 0 {
			e.mode = 0o644
		}
		if e.link != "" {
			e.mode, e.text = fs.ModeSymlink|0o777, e.link
		}
		head.SetMode(e.mode)
		f, err := w.CreateHeader(head)
		require.NoError(t, err)
		_, err = f.Write([]byte(e.text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var plain bytes.Buffer
	w := tar.NewWriter(&plain)
	for _, e := range entries {
		head := &tar.Header{Name: e.name, Mode: int64(e.mode.Perm()), Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		if e.mode == 0 {
			head.Mode = 0o644
		}
		if e.mode&fs.ModeSetuid != 0 {
			head.Mode |= 0o4000
		}
		switch {
		case e.kind != 0:
			head.Typeflag = e.kind
		case e.link != "":
			head.Typeflag, head.Linkname = tar.TypeSymlink, e.link
		case e.hard != "":
			head.Typeflag, head.Linkname = tar.TypeLink, e.hard
		case e.name != "" && e.name[len(e.name)-1] == '/':
			head.Typeflag = tar.TypeDir
		}
		require.NoError(t, w.WriteHeader(head))
		_, err := w.Write([]byte(e.text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return gzipped(t, plain.Bytes())
}

func gzipped(t testing.TB, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(plain)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}
