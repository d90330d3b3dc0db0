package upstream

import (
	"bytes"
	"strings"
)

// Head is the header lines of an answer as they came.
type Head []byte

// Get returns the value of the first field of that name, empty if there is
// none.
func (h Head) Get(name string) string { return string(h.find(name)) }

// Is reports whether the first field of that name has that value.
func (h Head) Is(name, value string) bool { return string(h.find(name)) == value }

// Only returns the value of a field that is there exactly once.
func (h Head) Only(name string) (value string, ok bool) {
	n := 0
	h.each(func(key, v []byte) bool {
		if is(key, name) {
			value = string(v)
			n++
		}
		return n < 2
	})
	return value, n == 1
}

func (h Head) find(name string) (found []byte) {
	h.each(func(key, value []byte) bool {
		if !is(key, name) {
			return true
		}
		found = value
		return false
	})
	return found
}

// each calls visit with every field until visit says that it is done.
func (h Head) each(visit func(name, value []byte) bool) {
	for len(h) > 0 {
		line := h
		if end := bytes.IndexByte(h, '\n'); end >= 0 {
			line, h = h[:end], h[end+1:]
		} else {
			h = nil
		}
		if name, value, ok := field(content(line)); ok && !visit(name, value) {
			return
		}
	}
}

// field splits a line; ok reports whether it is a field.
func field(line []byte) (name, value []byte, ok bool) {
	at := bytes.IndexByte(line, ':')
	if at <= 0 {
		return nil, nil, false
	}
	for _, b := range line[:at] {
		if !inName[b] {
			return nil, nil, false
		}
	}
	return line[:at], bytes.Trim(line[at+1:], " \t"), true
}

// is compares a field's name without regard to case.
func is(name []byte, want string) bool {
	return len(name) == len(want) && strings.EqualFold(string(name), want)
}

// inName marks the bytes that a field's name may have.
var inName = func() (in [256]bool) {
	for b := range in {
		letter, digit := b|0x20 >= 'a' && b|0x20 <= 'z', b >= '0' && b <= '9'
		in[b] = letter || digit || strings.IndexByte("!#$%&'*+-.^_`|~", byte(b)) >= 0
	}
	return in
}()
