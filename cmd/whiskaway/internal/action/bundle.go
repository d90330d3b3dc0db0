package action

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Limits of an action. The platform limits the code as sent, in base64 for an
// archive; a server limits the unpacked size.
const (
	maxCode     = 48 << 20
	maxUnpacked = 512 << 20
)

// errTooLarge stops packing at the limit.
var errTooLarge = errors.New("too large")

// bundle packs a folder as the platform's tools would, but reproducibly: no
// times, one order. It fails when the code would exceed most bytes.
func bundle(dir string, most int) (Code, []string, error) {
	t, err := readTree(dir)
	if err != nil {
		return Code{}, nil, err
	}
	var total int64
	for _, e := range t.entries {
		if e.mode.IsRegular() {
			total += e.size
		}
	}
	switch {
	case !slices.ContainsFunc(t.entries, func(e entry) bool { return e.mode.IsRegular() }):
		return Code{}, t.left, fmt.Errorf("%s holds no file that could be an action", dir)
	case total > maxUnpacked:
		return Code{}, t.left, t.tooLarge(dir, fmt.Sprintf("is %d MiB; a server unpacks %d MiB at most", total>>20, maxUnpacked>>20))
	}
	out := &limitedBuffer{limit: base64.StdEncoding.DecodedLen(most)}
	if err := t.zip(out); errors.Is(err, errTooLarge) {
		return Code{}, t.left, t.tooLarge(dir, fmt.Sprintf("is larger than the platform takes, %d MiB in base64 (a zip of %d MiB)", most>>20, out.limit>>20))
	} else if err != nil {
		return Code{}, t.left, err
	}
	return Code{base64.StdEncoding.EncodeToString(out.Bytes()), true}, t.left, nil
}

func (t tree) zip(out io.Writer) error {
	w := zip.NewWriter(out)
	for _, e := range t.entries {
		if err := e.addTo(w); err != nil {
			return err
		}
	}
	return w.Close()
}

func (e entry) addTo(w *zip.Writer) error {
	header := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
	switch {
	case e.mode.IsDir():
		header.Name += "/"
		header.SetMode(fs.ModeDir | 0o755)
	case e.mode&fs.ModeSymlink != 0:
		header.SetMode(fs.ModeSymlink | 0o777)
	case e.mode&0o111 != 0:
		header.SetMode(0o755)
	default:
		header.SetMode(0o644)
	}
	to, err := w.CreateHeader(header)
	if err != nil || e.mode.IsDir() {
		return err
	}
	if e.mode&fs.ModeSymlink != 0 {
		_, err = io.WriteString(to, e.target)
		return err
	}
	file, err := os.Open(e.path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(to, file)
	return err
}

// tooLarge returns an error that names the largest files.
func (t tree) tooLarge(dir, what string) error {
	files := slices.DeleteFunc(slices.Clone(t.entries), func(e entry) bool { return !e.mode.IsRegular() })
	slices.SortFunc(files, func(a, b entry) int { return int(b.size - a.size) })
	var largest []string
	for _, e := range files[:min(3, len(files))] {
		largest = append(largest, fmt.Sprintf("%s (%.1f MiB)", e.name, float64(e.size)/(1<<20)))
	}
	return fmt.Errorf("%s %s; its largest files: %s", dir, what, strings.Join(largest, ", "))
}

// limitedBuffer fails with errTooLarge at its limit.
type limitedBuffer struct {
	bytes.Buffer
	limit int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.limit {
		return 0, errTooLarge
	}
	return b.Buffer.Write(p)
}
