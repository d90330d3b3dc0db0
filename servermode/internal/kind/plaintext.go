package kind

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"unicode/utf16"
)

// plainText is a text as UTF-8 without a byte order mark: editors of Windows put
// one before it, or write UTF-16.
func plainText(text []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	units := make([]uint16, 0, len(text)/2)
	for i := 2; i+1 < len(text); i += 2 {
		units = append(units, order.Uint16(text[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// asUTF8 rewrites those of a folder's files that are UTF-16, which neither Node
// nor npm can read.
func asUTF8(dir string, names ...string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range names {
		text, readErr := readInside(dir, name, maxLock)
		if readErr != nil || (!bytes.HasPrefix(text, []byte("\xff\xfe")) && !bytes.HasPrefix(text, []byte("\xfe\xff"))) {
			continue // whoever needs it says what is wrong
		}
		err = errors.Join(err, root.Remove(name), root.WriteFile(name, plainText(text), 0o644))
	}
	return err
}
