package clientmode

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// envelope is what an OpenServerless server answers a run with.
type envelope struct {
	response []byte // as it stands there
	size     int64  // of the response, in bytes; over the limit it is cut off
	out, err []byte // the run's logs, without sentinels
}

// maxForeignLog bounds each of a run's logs, in bytes: the platform's own limit.
const maxForeignLog = 10 << 20

// readEnvelope reads {"response":…,"out":"…","err":"…"} in one pass. The server
// puts NULs before its logs, one for each byte that it ever logged, so a string
// may be larger than what is worth keeping in memory.
func readEnvelope(r io.Reader, maxResult int) (*envelope, error) {
	in := &scanner{bufio.NewReaderSize(r, 32<<10)}
	e := &envelope{}
	err := in.object(func(name string) (err error) {
		switch name {
		case "response":
			e.response, e.size, err = in.value(maxResult)
		case "out":
			e.out, err = in.log()
		case "err":
			e.err, err = in.log()
		default:
			_, _, err = in.value(0)
		}
		return err
	})
	switch {
	case errors.Is(err, errNoJSON):
		return nil, fmt.Errorf("%w: %w", runtimespec.ErrFrame, err)
	case err != nil:
		return nil, err
	case e.size <= int64(maxResult) && !runtimespec.CheckResult(e.response):
		return nil, fmt.Errorf("%w: its response is no object or array", runtimespec.ErrFrame)
	}
	return e, nil
}

var errNoJSON = errors.New("it is not {\"response\":…,\"out\":…,\"err\":…}")

// scanner reads JSON as it comes.
type scanner struct{ *bufio.Reader }

// next is the next byte that is not white space.
func (s *scanner) next() (byte, error) {
	for {
		b, err := s.ReadByte()
		if err != nil || b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, err
		}
	}
}

// object reads an object; member reads each value.
func (s *scanner) object(member func(name string) error) error {
	b, err := s.next()
	for sep := byte('{'); err == nil && b == sep; b, err = s.next() {
		sep = ','
		name, _, err := s.value(64)
		if err != nil {
			return err
		}
		if colon, err := s.next(); err != nil {
			return err
		} else if colon != ':' {
			return errNoJSON
		}
		if err := member(string(bytes.Trim(name, `"`))); err != nil {
			return err
		}
	}
	if err == nil && b != '}' {
		err = errNoJSON
	}
	return err
}

// value reads one value, as it stands there, and keeps the first limit bytes.
func (s *scanner) value(limit int) (out []byte, size int64, err error) {
	depth, quoted, escaped := 0, false, false
	b, err := s.next()
	for ; err == nil; b, err = s.ReadByte() {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = b == '\\', b != '"'
		case b == '"':
			quoted = true
		case b == '{' || b == '[':
			depth++
		case (b == '}' || b == ']' || b == ',') && depth == 0: // the end of a number or a word
			return bytes.TrimSpace(out), size, s.UnreadByte()
		case b == '}' || b == ']':
			depth--
		}
		if size++; size <= int64(limit) {
			out = append(out, b)
		}
		if depth == 0 && !quoted && (b == '"' || b == '}' || b == ']') {
			return out, size, nil
		}
	}
	return nil, 0, err
}

// log reads a string and cuts what is not this run's.
func (s *scanner) log() ([]byte, error) {
	if b, err := s.next(); err != nil {
		return nil, err
	} else if b != '"' {
		return nil, errNoJSON
	}
	raw := []byte{'"'}
	truncated := false
	for {
		unit, err := s.unit()
		switch {
		case err != nil:
			return nil, err
		case len(unit) == 1 && unit[0] == '"':
			text, _ := jsontext.AppendUnquote(nil, append(raw, '"')) // what is no text is replaced
			if truncated {
				text = fmt.Appendf(text, "\nLogs were truncated because their total size exceeds the limit of %d bytes.\n", maxForeignLog)
			}
			return ownLog(text), nil
		case len(raw) == 1 && string(unit) == `\u0000`: // the server's, see above
		case len(raw) > maxForeignLog:
			truncated = true
		default:
			raw = append(raw, unit...)
		}
	}
}

// unit reads a byte of a string, or an escape.
func (s *scanner) unit() ([]byte, error) {
	n := 1
	if b, err := s.Peek(2); len(b) > 0 && b[0] == '\\' {
		if n = 2; err != nil {
			return nil, err
		}
		if b[1] == 'u' {
			n = 6
		}
	}
	unit, err := s.Peek(n)
	if err != nil {
		return nil, err
	}
	_, err = s.Discard(n)
	return unit, err
}

var guardLine = []byte(runtimespec.Sentinel + "\n")

// ownLog is the log of the last run in a text: earlier ones failed, and are
// somebody else's. The sentinels are the server's; we write our own.
func ownLog(text []byte) []byte {
	text = bytes.TrimSuffix(text, guardLine)
	if i := bytes.LastIndex(text, guardLine); i >= 0 {
		text = text[i+len(guardLine):]
	}
	return text
}
