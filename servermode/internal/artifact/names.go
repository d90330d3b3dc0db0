package artifact

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"
)

// Names returns the names of a zip's entries, by which its kind is found.
func Names(data []byte) []string {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(archive.File))
	for _, f := range archive.File {
		names = append(names, path.Clean(zipName(f)))
	}
	return names
}

// Head returns the start of a zip's entry, empty if there is none.
func Head(data []byte, name string, n int) []byte {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil
	}
	for _, f := range archive.File {
		if path.Clean(zipName(f)) != name {
			continue
		}
		content, err := f.Open()
		if err != nil {
			return nil
		}
		defer content.Close()
		head, _ := io.ReadAll(io.LimitReader(content, int64(n)))
		return head
	}
	return nil
}

// slashed turns the backslashes that separate folders on Windows into slashes.
func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }

// zipName returns an entry's name in UTF-8, with slashes. A name that is not UTF-8
// is in zip's first encoding, which Windows still writes.
func zipName(f *zip.File) string {
	if utf8.ValidString(f.Name) {
		return slashed(f.Name)
	}
	var name strings.Builder
	for _, b := range []byte(f.Name) {
		if b < utf8.RuneSelf {
			name.WriteByte(b)
		} else {
			name.WriteRune(codePage437[b-utf8.RuneSelf])
		}
	}
	return slashed(name.String())
}

// codePage437 is the upper half of the first PC's characters.
var codePage437 = []rune("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0")

// These are the systems whose zips have permissions as Linux has.
const (
	madeOnUnix  = 3
	madeOnMacOS = 19
)

// zipMode returns an entry's mode, or anyones where the zip has no permissions.
func zipMode(f *zip.File) fs.FileMode {
	system := f.CreatorVersion >> 8
	if (system == madeOnUnix || system == madeOnMacOS) && f.ExternalAttrs>>16 != 0 {
		return f.Mode()
	}
	return f.Mode()&fs.ModeType | anyones
}
