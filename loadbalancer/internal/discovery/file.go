package discovery

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	lookEvery = time.Second
	// maxFile bounds a list: some ten thousand servers.
	maxFile = 1 << 20
)

// File is the servers that a file lists: a URL a line, or YAML or JSON, which is
// a list of URLs or of url and name. It is read again each second; what is new
// counts when two looks see the same, so that half a file is not taken for a
// list, and not while it is broken.
type File struct {
	Path  string
	Every time.Duration // [1s]
}

func (f File) String() string { return "file://" + f.Path }

// Watch reads the file again and again.
func (f File) Watch(ctx context.Context, each func(Update)) {
	look := looker{File: f}
	poll(ctx, cmp.Or(f.Every, lookEvery), each, look.look)
}

// looker remembers what it saw last.
type looker struct {
	File
	seen, taken []byte
	servers     []Server
	err         error
	begun       bool
}

func (l *looker) look() ([]Server, error) {
	text, err := l.read()
	if err != nil {
		l.seen, l.taken = nil, nil // it counts when it is back, whatever is in it
		return nil, err
	}
	settled := bytes.Equal(text, l.seen) || !l.begun
	l.seen, l.begun = text, true
	if settled && (l.taken == nil || !bytes.Equal(text, l.taken)) {
		l.taken = text
		l.servers, l.err = parseList(text)
		if l.err != nil {
			l.servers, l.err = nil, fmt.Errorf("%s: the last servers stay: %w", l.Path, l.err)
		}
	}
	return l.servers, l.err
}

func (l *looker) read() ([]byte, error) {
	file, err := os.Open(l.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s has more than %d bytes", l.Path, maxFile)
	}
	return append(make([]byte, 0, len(text)+1), text...), err // never nil: nil is nothing seen yet
}
