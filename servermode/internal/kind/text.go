package kind

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// These are byte order marks, with which Windows tools start a text. PowerShell's >
// writes the little-endian one of UTF-16.
var (
	markUTF8 = []byte("\xef\xbb\xbf")
	markLE   = []byte("\xff\xfe")
	markBE   = []byte("\xfe\xff")
)

// PlainText returns a text as UTF-8 without a mark, whatever its encoding. Data that
// is no text stays as it is.
func PlainText(raw []byte) []byte {
	switch {
	case bytes.HasPrefix(raw, markUTF8):
		return raw[len(markUTF8):]
	case bytes.HasPrefix(raw, markLE):
		return fromUTF16(raw, binary.LittleEndian)
	case bytes.HasPrefix(raw, markBE):
		return fromUTF16(raw, binary.BigEndian)
	}
	return raw
}

func fromUTF16(raw []byte, order binary.ByteOrder) []byte {
	var units []uint16
	for pair := range slices.Chunk(raw[2:], 2) {
		if len(pair) < 2 {
			return raw
		}
		units = append(units, order.Uint16(pair))
	}
	var out []byte
	for _, r := range utf16.Decode(units) {
		if r == utf8.RuneError || r == 0 {
			return raw
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// UnixScript returns a script with the line ends that the kernel and a shell expect.
// If the first line ends as on Windows, all do. Data that is no script stays as it
// is.
func UnixScript(text []byte) []byte {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if !Code(text).IsScript() || !bytes.HasSuffix(first, []byte("\r")) {
		return text
	}
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
}

// damagedUTF16 reports whether a text was UTF-16 before it was taken for UTF-8. Its
// mark is lost, and the text cannot be restored.
func damagedUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\ufffd\ufffd")) && bytes.IndexByte(text, 0) >= 0
}
