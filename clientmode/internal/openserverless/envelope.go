package openserverless

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// envelope is the server's answer to a run.
type envelope struct {
	response []byte // unparsed
	size     int64  // of the response, in bytes; over the limit it is truncated
	out, err []byte // the run's logs, without sentinels
}

// maxLog bounds each of a run's logs, in bytes: the platform's own limit.
const maxLog = 10 << 20

// readEnvelope reads {"response":…,"out":"…","err":"…"} in one pass. The server
// puts NULs before its logs, one for each byte that it ever logged, so a string
// may be larger than what should be kept in memory.
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

// log reads a string and returns the part that this run wrote.
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
			text, _ := jsontext.AppendUnquote(nil, append(raw, '"')) // invalid UTF-8 is replaced
			if truncated {
				text = fmt.Appendf(text, "\nLogs were truncated because their total size exceeds the limit of %d bytes.\n", maxLog)
			}
			return lastLog(text), nil
		case len(raw) == 1 && string(unit) == `\u0000`: // one of the NULs
		case len(raw) > maxLog:
			truncated = true
		default:
			raw = append(raw, unit...)
		}
	}
}

var sentinelLine = []byte(runtimespec.Sentinel + "\n")

// lastLog returns the log of the last run in a text. Earlier runs failed and
// their logs belong to other activations. The sentinels are the server's; the
// client writes its own.
func lastLog(text []byte) []byte {
	text = bytes.TrimSuffix(text, sentinelLine)
	if i := bytes.LastIndex(text, sentinelLine); i >= 0 {
		text = text[i+len(sentinelLine):]
	}
	return text
}
