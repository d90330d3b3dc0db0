package artifact_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
)

// windowsZip is a zip as Windows makes them: no permissions, backslashes, and
// names in the machine's own encoding.
func windowsZip(t *testing.T, files ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range files {
		f, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Deflate, ExternalAttrs: 0x20, NonUTF8: true})
		require.NoError(t, err)
		_, err = f.Write([]byte(e.text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestUnpack_WhatWindowsMakes(t *testing.T) {
	data := windowsZip(t,
		entry{name: `bin\tool`, text: "#!/bin/sh\n"}, entry{name: `bin\elf`, text: "\x7fELF and more"}, entry{name: `bin\data`, text: "#"},
		entry{name: "gr\x81\xe1e.txt", text: "ü and ß as the first PC wrote them"}, entry{name: "größe.txt", text: "UTF-8 all the same"},
		entry{name: `empty\`},
	)
	dir, err := unpack(t, data, limits)
	require.NoError(t, err)
	for name, executable := range map[string]bool{"bin/tool": true, "bin/elf": true, "bin/data": false, "grüße.txt": false, "größe.txt": false} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, executable, info.Mode()&0o100 != 0, name)
	}
	text, err := os.ReadFile(filepath.Join(dir, "bin/elf"))
	require.NoError(t, err)
	assert.Equal(t, "\x7fELF and more", string(text), "what was looked at is there as well")
	assert.Equal(t, []string{"bin/tool", "bin/elf", "bin/data", "grüße.txt", "größe.txt", "empty"}, artifact.Names(data))
	assert.Equal(t, "#!/b", string(artifact.Head(data, "bin/tool", 4)))
	assert.Empty(t, artifact.Head(data, "tool", 4))
}

func TestUnpack_TarWithoutPermissions(t *testing.T) {
	dir, err := unpack(t, tarOf(t, entry{name: "tool", text: "#!/bin/sh\n", mode: 0o666}, entry{name: "plain", text: "#!/bin/sh\n"}), limits)
	require.NoError(t, err)
	for name, executable := range map[string]bool{"tool": true, "plain": false} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, executable, info.Mode()&0o100 != 0, name)
	}
}

func TestUnpack_ManySmallFiles(t *testing.T) {
	files := make([]entry, 20_500)
	for i := range files {
		files[i] = entry{name: fmt.Sprintf("node_modules/p%d/%d.js", i/500, i), text: "exports.a = 1"}
	}
	_, err := unpack(t, zipOf(t, files...), artifact.DefaultLimits)
	require.NoError(t, err)
}

func TestUnpack_NamesTheOwnersLimits(t *testing.T) {
	for format, data := range both(t, entry{name: "a", text: "12345"}, entry{name: "b", text: "12345"}) {
		_, err := unpack(t, data, artifact.Limits{Bytes: 1 << 30, Files: 1})
		assert.ErrorContains(t, err, "more than 1 files and folders, the most that this server takes (--max-unpacked-files)", format)
		_, err = unpack(t, data, artifact.Limits{Bytes: 9, Files: 10})
		assert.ErrorContains(t, err, "more than 9 bytes, the most that this server takes (--max-unpacked)", format)
	}
}

func TestUnpack_EmptyArchiveSaysSo(t *testing.T) {
	for format, data := range both(t) {
		_, err := unpack(t, data, limits)
		assert.ErrorIs(t, err, artifact.ErrArchive)
		assert.ErrorContains(t, err, "it is empty: there is no file in it", format)
	}
}
