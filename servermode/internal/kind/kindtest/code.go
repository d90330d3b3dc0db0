package kindtest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

// Zip returns an archive of files. A text that starts with -> is a link's target.
func Zip(t *testing.T, files map[string]string) kind.Code {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		head := &zip.FileHeader{Name: name, Method: zip.Deflate}
		head.SetMode(0o644)
		if target, ok := strings.CutPrefix(text, "->"); ok {
			head.SetMode(os.ModeSymlink | 0o777)
			text = target
		}
		entry, err := w.CreateHeader(head)
		require.NoError(t, err)
		_, err = entry.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// Tar returns a tar.gz of one file.
func Tar(t *testing.T, name, text string) kind.Code {
	t.Helper()
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	w := tar.NewWriter(packed)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644}))
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, packed.Close())
	return out.Bytes()
}

// Mark is the byte order mark with which tools of Windows start a text.
const Mark = "\ufeff"

// UTF16 returns a text as PowerShell's > writes it, or in the other byte order.
func UTF16(text string, order binary.AppendByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(Mark + text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

// FromWindows encodes a text in the ways that tools of Windows do.
func FromWindows(text string) map[string]string {
	return map[string]string{"UTF-8 with a mark": Mark + text, "UTF-16": UTF16(text, binary.LittleEndian), "UTF-16, big-endian": UTF16(text, binary.BigEndian)}
}
