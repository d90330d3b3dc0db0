package openserverless

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/whiskaway/whiskaway/internal/jsontext"
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
	in := jsontext.NewStream(r)
	e := &envelope{}
	err := in.Object(func(name string) (err error) {
		switch name {
		case "response":
			e.response, e.size, err = in.Value(maxResult)
		case "out":
			e.out, err = readLog(in)
		case "err":
			e.err, err = readLog(in)
		default:
			_, _, err = in.Value(0)
		}
		return err
	})
	switch {
	case errors.Is(err, jsontext.ErrStream):
		return nil, fmt.Errorf("%w: it is not {\"response\":…,\"out\":…,\"err\":…}", runtimespec.ErrFrame)
	case err != nil:
		return nil, err
	case e.size <= int64(maxResult) && !runtimespec.CheckResult(e.response):
		return nil, fmt.Errorf("%w: its response is no object or array", runtimespec.ErrFrame)
	}
	return e, nil
}

// readLog reads a string and returns the part that this run wrote.
func readLog(in jsontext.Stream) ([]byte, error) {
	raw, truncated := []byte{'"'}, false
	err := in.String(func(part []byte) {
		switch {
		case len(raw) == 1 && string(part) == `\u0000`: // one of the NULs
		case len(raw) > maxLog:
			truncated = true
		default:
			raw = append(raw, part...)
		}
	})
	if err != nil {
		return nil, err
	}
	text, _ := jsontext.AppendText(nil, append(raw, '"')) // invalid UTF-8 is replaced
	if truncated {
		text = fmt.Appendf(text, "\nLogs were truncated because their total size exceeds the limit of %d bytes.\n", maxLog)
	}
	return lastLog(text), nil
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
