package action

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

// content reads a bundle's entries: a file's text, "dir", or where a link leads.
func content(t *testing.T, c Code) map[string]string {
	t.Helper()
	require.True(t, c.Binary)
	raw, err := base64.StdEncoding.DecodeString(c.Text)
	require.NoError(t, err)
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	out := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		switch {
		case f.Mode().IsDir():
			out[f.Name] = "dir"
		case f.Mode()&fs.ModeSymlink != 0:
			out[f.Name] = "→ " + string(text)
		default:
			out[f.Name] = f.Mode().String() + " " + string(text)
		}
	}
	return out
}

func TestBundle_HoldsTheActionOnly(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "index.js", "main")
	put(t, dir, "exec", "program")
	require.NoError(t, os.Chmod(filepath.Join(dir, "exec"), 0o700))
	put(t, dir, "node_modules/left/index.js", "dependency")
	put(t, dir, ".env", "hidden files are the action's")
	for _, name := range []string{".git/HEAD", "sub/__pycache__/a.pyc", "b.pyc", "index.js~", ".index.js.swp", ".#index.js"} {
		put(t, dir, name, "no part of it")
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	for link, target := range map[string]string{
		"inside": "sub/../index.js", "dangling": "nowhere", "up": "../elsewhere", "absolute": filepath.Join(dir, "index.js"), "through": "up/x",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(dir, link)))
	}
	c, left, err := bundle(dir, maxCode)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"index.js": "-rw-r--r-- main", "exec": "-rwxr-xr-x program", ".env": "-rw-r--r-- hidden files are the action's",
		"node_modules/": "dir", "node_modules/left/": "dir", "node_modules/left/index.js": "-rw-r--r-- dependency",
		"empty/": "dir", "sub/": "dir", "inside": "→ sub/../index.js", "dangling": "→ nowhere",
	}, content(t, c))
	assert.Equal(t, []string{
		".git", "absolute (a link out of the folder)", "b.pyc", "pipe (neither file nor folder nor link)",
		"sub/__pycache__", "through (a link out of the folder)", "up (a link out of the folder)",
	}, left)
}

func TestBundle_IsTheSameForTheSameFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "b.py", "b")
	put(t, dir, "a/c.py", "c")
	one, _, err := bundle(dir, maxCode)
	require.NoError(t, err)
	later := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "b.py"), later, later))
	two, _, err := bundle(dir, maxCode)
	require.NoError(t, err)
	assert.Equal(t, one, two)
	put(t, dir, "b.py", "B")
	three, _, err := bundle(dir, maxCode)
	require.NoError(t, err)
	assert.NotEqual(t, one, three)
}

func TestBundle_SaysWhatIsTooLarge(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "__main__.py", "")
	noise := make([]byte, 3<<20) // its zip is as large
	_, _ = rand.Read(noise)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "weights"), noise, 0o644))
	_, _, err := bundle(dir, 4<<20)
	require.EqualError(t, err, dir+" is larger than the platform takes, 4 MiB in base64 (a zip of 3 MiB); its largest files: weights (3.0 MiB), __main__.py (0.0 MiB)")

	require.NoError(t, os.Truncate(filepath.Join(dir, "weights"), 600<<20)) // a hole: nothing is written
	_, _, err = bundle(dir, maxCode)
	require.ErrorContains(t, err, "is 600 MiB; a server unpacks 512 MiB at most; its largest files: weights (600.0 MiB)")

	_, _, err = bundle(t.TempDir(), maxCode)
	require.ErrorContains(t, err, "holds no file that could be an action")
}

func TestSource_AFileMayBeTooLargeAsWell(t *testing.T) {
	file := filepath.Join(t.TempDir(), "huge.zip")
	put(t, filepath.Dir(file), "huge.zip", "PK\x03\x04\x00")
	require.NoError(t, os.Truncate(file, 40<<20))
	_, _, err := Source{Path: file}.Read()
	require.ErrorContains(t, err, "is 53 MiB as it would be sent, the platform takes 48 MiB at most")
}

func TestSource_TellsItsKind(t *testing.T) {
	for file, kind := range map[string]string{
		"__main__.py": kindPython, "package.json": kindNode, "index.js": kindNode, "exec": kindNative, "go.mod": kindGo, "words.txt": "",
	} {
		dir := t.TempDir()
		put(t, dir, file, "")
		assert.Equal(t, kind, Source{Path: dir}.Kind(), file)
	}
	for file, kind := range map[string]string{"a.py": kindPython, "b.js": kindNode, "c.go": kindGo, "d.sh": "", "e.zip": "", "f": ""} {
		assert.Equal(t, kind, Source{Path: "/nowhere/" + file}.Kind(), file)
	}
	assert.Equal(t, "hello", Source{Path: "/nowhere/hello.py"}.Name())
}

// What editors and interpreters leave beside an action is no new version.
func TestSource_FingerprintIsTheActionsOwn(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.py", "one")
	first := Source{Path: dir}.fingerprint()
	for _, name := range []string{"a.py~", ".a.py.swp", ".#a.py", "4913", "__pycache__/a.pyc", ".git/index"} {
		put(t, dir, name, "")
		assert.Equal(t, first, Source{Path: dir}.fingerprint(), name)
	}
	for _, name := range []string{"b.py", "lib/c.py", "a.py"} {
		put(t, dir, name, "new")
		next := Source{Path: dir}.fingerprint()
		assert.NotEqual(t, first, next, name)
		first = next
	}
	require.NoError(t, os.Chmod(filepath.Join(dir, "b.py"), 0o755))
	assert.NotEqual(t, first, Source{Path: dir}.fingerprint(), "a program's mode counts")
	require.NoError(t, os.RemoveAll(dir))
	assert.Contains(t, Source{Path: dir}.fingerprint(), "no such file")
}

// The context of a version ends when the next one is seen, not before.
func TestWatch_SendsEachVersion(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.py", "one")
	ctx, cancel := context.WithCancel(t.Context())
	versions := Watch(ctx, Source{Path: dir})
	first := <-versions
	require.NoError(t, first.Err())
	put(t, dir, "b.py", "two")
	second := <-versions
	assert.Error(t, first.Err())
	require.NoError(t, os.Remove(filepath.Join(dir, "b.py")))
	third := <-versions
	assert.Error(t, second.Err())
	assert.NoError(t, third.Err())
	cancel()
	_, more := <-versions
	assert.False(t, more)
}
