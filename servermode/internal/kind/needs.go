package kind

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Needs returns the folders that the kind's processes read beside the function's
// own: a server that hides folders from them keeps these in sight.
func (p *Python) Needs() []string {
	return append(around(p.interpreter), p.packages...)
}

// Needs returns the folders that the kind's processes read beside the function's own.
func (n *Node) Needs() []string {
	return slices.Concat(around(n.path), around(n.Exec), filepath.SplitList(n.modules()))
}

// Needs returns the folders that the kind's processes read beside the function's
// own: what the image's variables name.
func (r *Runtime) Needs() []string {
	out := around(r.compiler)
	for value := range maps.Values(r.env) {
		for _, path := range filepath.SplitList(value) {
			if strings.HasPrefix(path, "/") {
				out = append(out, path)
			}
		}
	}
	return out
}

// around are a program, its folder and the one that this lies in, where it is
// named and where it really is.
func around(program string) (out []string) {
	if program == "" {
		return nil
	}
	paths := []string{program}
	if real, err := filepath.EvalSymlinks(program); err == nil && real != program {
		paths = append(paths, real)
	}
	for _, path := range paths {
		dir := filepath.Dir(path)
		out = append(out, filepath.Dir(dir), dir, path)
	}
	return out
}
