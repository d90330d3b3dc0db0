package actionloop

import "bytes"

// Value returns the object that a run's line has as its "value", unchanged; nil
// if there is none. It trusts the line to be JSON and decodes nothing: the
// action's own time is in every figure, and must not hide a proxy's.
func Value(line []byte) []byte {
	at := bytes.Index(line, []byte(`"value":`))
	if at < 0 {
		return nil
	}
	rest := bytes.TrimLeft(line[at+len(`"value":`):], " ")
	if len(rest) == 0 || rest[0] != '{' {
		return nil
	}
	depth := 0
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return rest[:i+1]
			}
		case '"':
			i += StringLength(rest[i:]) - 1
		}
	}
	return nil
}

// StringLength returns the length of the string at the start of a text, quotes
// included.
func StringLength(text []byte) int {
	for at := 1; ; at++ {
		quote := bytes.IndexByte(text[at:], '"')
		if quote < 0 {
			return len(text)
		}
		at += quote
		slashes := 0
		for text[at-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return at + 1
		}
	}
}
