package folder

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Misplaced says where an archive has the file that it must have at its root. It is
// for an author that zipped the folder instead of its content, or misspelt the name.
// names are the valid names. The result starts with a space, or is empty.
func Misplaced(dir string, names ...string) string {
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		for _, name := range names {
			switch {
			case entry.Name() == name && entry.Type()&os.ModeSymlink != 0:
				return fmt.Sprintf(" It has %s as a link that leads nowhere, or out of the archive: put the file itself there.", name)
			case entry.Name() == name && entry.IsDir():
				return fmt.Sprintf(" Its %s is a folder.", name)
			case entry.Name() != name && strings.EqualFold(entry.Name(), name):
				return fmt.Sprintf(" It has %q: rename it to %s, small and capital letters differ on Linux.", entry.Name(), name)
			}
		}
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		below, _ := os.ReadDir(filepath.Join(dir, entry.Name()))
		for _, inner := range below {
			for _, name := range names {
				if inner.Name() == name {
					return fmt.Sprintf(" It has %s in the folder %q: zip what is in that folder, not the folder itself.", name, entry.Name())
				}
			}
		}
	}
	return ""
}
