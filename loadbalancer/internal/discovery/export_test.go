package discovery

// Looker is one look at a file after the other.
func Looker(path string) func() ([]Server, error) {
	l := looker{File: File{Path: path}}
	return l.look
}

// ParseList reads a file's list.
var ParseList = parseList
