package artifact_test

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
)

// limits are small, so that bombs are too.
var limits = artifact.Limits{Bytes: 1 << 20, Files: 50, Ratio: 200}

// unpack unpacks into a folder, beside which there is a file that must not change.
func unpack(t testing.TB, data []byte, limits artifact.Limits) (dir string, err error) {
	t.Helper()
	outer := t.TempDir()
	dir = filepath.Join(outer, "root")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(outer, "victim"), []byte("safe"), 0o644))
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	err = artifact.Unpack(root, data, limits)
	untouched(t, outer)
	return dir, err
}

func untouched(t testing.TB, outer string) {
	t.Helper()
	entries, err := os.ReadDir(outer)
	require.NoError(t, err)
	require.Len(t, entries, 2, "only root and the victim")
	victim, err := os.ReadFile(filepath.Join(outer, "victim"))
	require.NoError(t, err)
	require.Equal(t, "safe", string(victim))
}

// both makes the same archive in each format.
func both(t *testing.T, entries ...entry) map[string][]byte {
	return map[string][]byte{"zip": zipOf(t, entries...), "tar.gz": tarOf(t, entries...)}
}

func TestUnpack_FilesFoldersLinks(t *testing.T) {
	for name, data := range both(t,
		entry{name: "./", mode: fs.ModeDir | 0o755},
		entry{name: "__main__.py", text: "print(1)"},
		entry{name: "pkg/", mode: fs.ModeDir | 0o755}, entry{name: "pkg/", mode: fs.ModeDir | 0o755},
		entry{name: "pkg/deep/er/mod.py", text: "x"},
		entry{name: "bin/run", text: "#!", mode: fs.ModeSetuid | 0o755},
		entry{name: "secret", text: "s", mode: 0o600},
		entry{name: "lib", link: "pkg/deep"}, entry{name: "pkg/up", link: "../secret"}, entry{name: "dangling", link: "nowhere"},
		entry{name: "lib/through", text: "inside"},
		entry{name: "twice", text: "a longer first"}, entry{name: "twice", text: "second"},
		entry{name: `win\dows\file`, text: "w"}, entry{name: `win\empty\`, mode: 0o644},
	) {
		t.Run(name, func(t *testing.T) {
			dir, err := unpack(t, data, limits)
			require.NoError(t, err)
			for path, text := range map[string]string{
				"__main__.py": "print(1)", "pkg/deep/er/mod.py": "x", "pkg/deep/through": "inside", "pkg/up": "s",
				"twice": "second", "win/dows/file": "w",
			} {
				got, err := os.ReadFile(filepath.Join(dir, path))
				require.NoError(t, err)
				assert.Equal(t, text, string(got))
			}
			info, err := os.Stat(filepath.Join(dir, "bin/run"))
			require.NoError(t, err)
			assert.Equal(t, fs.FileMode(0o100), info.Mode()&(fs.ModeSetuid|0o100), "executable, not setuid")
			info, err = os.Stat(filepath.Join(dir, "win/empty"))
			if name == "zip" {
				require.NoError(t, err)
				assert.True(t, info.IsDir())
			}
		})
	}
}

func TestUnpack_Refuses(t *testing.T) {
	file := func(name string) []entry { return []entry{{name: name, text: "evil"}} }
	many := make([]entry, 51)
	for i := range many {
		many[i] = entry{name: strings.Repeat("x", i+1)}
	}
	for name, entries := range map[string][]entry{
		"parent":              file("../victim"),
		"parent, backslash":   file(`..\victim`),
		"parent, inside":      file("a/../../victim"),
		"parent, mixed":       file(`a\../..\victim`),
		"parent folder":       {{name: "../new/", mode: fs.ModeDir | 0o755}},
		"absolute":            file("/tmp/evil"),
		"absolute, backslash": file(`\tmp\evil`),
		"no name":             file("."),
		"long name":           file(strings.Repeat("a/", 600) + "x"),
		"long part":           file(strings.Repeat("a", 300)),
		"drive":               file(`C:\proj\x`),
		"drive alone":         {{name: "C:/", mode: fs.ModeDir | 0o755}},
		"file as folder":      {{name: "f", text: "x"}, {name: "f/g", text: "x"}},
		"folder as file":      {{name: "f/g", text: "x"}, {name: "f", text: "x"}},
		"too many":            many,
		"too many folders":    file(strings.Repeat("a/", 60) + "x"),
		"no file":             {{name: "d/", mode: fs.ModeDir | 0o755}},
		"nothing":             {},
		"same name too often": make([]entry, 0, 1),
		"too much":            {{name: "a", text: strings.Repeat("x", 1<<19)}, {name: "b", text: strings.Repeat("y", 1<<19+1)}},
	} {
		if name == "same name too often" {
			for range 51 {
				entries = append(entries, entry{name: "d/", mode: fs.ModeDir | 0o755})
			}
		}
		for format, data := range both(t, entries...) {
			t.Run(name+"/"+format, func(t *testing.T) {
				_, err := unpack(t, data, limits)
				require.ErrorIs(t, err, artifact.ErrArchive)
			})
		}
	}
}

func TestUnpack_RefusesWhatOnlyTarHas(t *testing.T) {
	for name, e := range map[string]entry{
		"hard link": {name: "h", hard: "../victim"}, "hard link inside": {name: "h", hard: "f"},
		"fifo": {name: "p", kind: tar.TypeFifo}, "device": {name: "d", kind: tar.TypeChar}, "disk": {name: "d", kind: tar.TypeBlock},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := unpack(t, tarOf(t, entry{name: "f"}, e), limits)
			require.ErrorIs(t, err, artifact.ErrArchive)
			assert.NoFileExists(t, filepath.Join(dir, e.name))
		})
	}
}

func TestUnpack_Bombs(t *testing.T) {
	zeros := strings.Repeat("\x00", 17<<20)
	wide := artifact.Limits{Bytes: 1 << 30, Files: 10, Ratio: 200}
	for format, data := range both(t, entry{name: "a", text: zeros}) {
		_, err := unpack(t, data, wide)
		require.ErrorIs(t, err, artifact.ErrArchive, format)
		wide := wide
		wide.Ratio = 0
		_, err = unpack(t, data, wide)
		require.NoError(t, err, format)
	}
	// Headers that are no entries: nothing is written, but all is inflated.
	long := entry{name: strings.Repeat("n", 500_000), kind: tar.TypeXGlobalHeader}
	headers := gzipped(t, bytes.Repeat(header(t, long), 100))
	_, err := unpack(t, headers, limits)
	assert.ErrorIs(t, err, artifact.ErrArchive)
}

// header is a global header of a tar, with a comment as long as e's name.
func header(t *testing.T, e entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: e.kind, Name: "g", PAXRecords: map[string]string{"comment": e.name}}))
	require.NoError(t, w.Flush())
	return out.Bytes()
}

func TestUnpack_Broken(t *testing.T) {
	for format, data := range both(t, entry{name: "a", text: strings.Repeat("text ", 1000)}, entry{name: "b", text: "more"}) {
		t.Run(format, func(t *testing.T) {
			for cut := range len(data) - 1 {
				_, err := unpack(t, data[:cut], limits)
				require.ErrorIs(t, err, artifact.ErrArchive, "%d of %d bytes", cut, len(data))
			}
		})
	}
	sound := tarOf(t, entry{name: "a", text: "text"})
	flipped := bytes.Clone(sound)
	flipped[len(flipped)-6] ^= 1 // the checksum
	_, err := unpack(t, flipped, limits)
	assert.ErrorIs(t, err, artifact.ErrArchive)
	_, err = unpack(t, append(bytes.Clone(sound), "trailing"...), limits)
	assert.ErrorIs(t, err, artifact.ErrArchive)
	for _, other := range []string{"", "PK", "text", "\x1f\x8b", "PK\x03\x04"} {
		_, err := unpack(t, []byte(other), limits)
		assert.ErrorIs(t, err, artifact.ErrArchive)
	}
}

func TestUnpack_FullDiskIsNotTheArchivesFault(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("no small disk can be made: ", err)
	}
	defer func() { require.NoError(t, syscall.Unmount(dir, 0)) }()
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	err = artifact.Unpack(root, zipOf(t, entry{name: "a", text: strings.Repeat("x", 1<<18)}), limits)
	require.ErrorIs(t, err, syscall.ENOSPC)
	assert.NotErrorIs(t, err, artifact.ErrArchive)
}

func TestNames(t *testing.T) {
	assert.Equal(t, []string{"a", "b/c", "../d"}, artifact.Names(zipOf(t, entry{name: "./a"}, entry{name: "b//c"}, entry{name: "../d"})))
	assert.Empty(t, artifact.Names([]byte("PK\x03\x04 no zip")))
}

func FuzzUnpack(f *testing.F) {
	f.Add(zipOf(f, entry{name: "a/b", text: "x"}, entry{name: "l", link: "a"}, entry{name: "l/c", text: "y"}))
	f.Add(zipOf(f, entry{name: "l", link: ".."}, entry{name: "l/victim", text: "evil"}))
	f.Add(tarOf(f, entry{name: "../victim", text: "evil"}, entry{name: "h", hard: "../victim"}))
	f.Add(tarOf(f, entry{name: "d/"}, entry{name: "d/l", link: "../d"}, entry{name: "d/l/f", text: "x"}))
	small := artifact.Limits{Bytes: 1 << 16, Files: 20, Ratio: 100}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir, _ := unpack(t, data, small)
		var bytes int64
		var files int
		require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || path == dir {
				return err
			}
			files++
			info, err := d.Info()
			require.NoError(t, err)
			require.Zero(t, info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeDevice|fs.ModeNamedPipe))
			if info.Mode().IsRegular() {
				bytes += info.Size()
			}
			return nil
		}))
		require.LessOrEqual(t, bytes, small.Bytes+1)
		require.LessOrEqual(t, files, small.Files)
	})
}

// As in tar, a repeated link replaces what had its name.
func TestUnpack_ALaterLinkReplacesAnEarlierEntry(t *testing.T) {
	for format, data := range both(t, entry{name: "a", text: "A"}, entry{name: "b", text: "B"},
		entry{name: "x", link: "a"}, entry{name: "x", link: "b"}, entry{name: "a", link: "b"}) {
		dir, err := unpack(t, data, limits)
		require.NoError(t, err, format)
		for _, link := range []string{"x", "a"} {
			target, err := os.Readlink(filepath.Join(dir, link))
			require.NoError(t, err, format)
			assert.Equal(t, "b", target, format)
		}
	}
}
