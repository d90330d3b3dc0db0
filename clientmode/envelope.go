package clientmode

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/whiskaway/whiskaway/internal/jsontext"
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

// readLog reads a string and cuts what is not this run's.
func readLog(in jsontext.Stream) ([]byte, error) {
	raw, truncated := []byte{'"'}, false
	err := in.String(func(part []byte) {
		switch {
		case len(raw) == 1 && string(part) == `\u0000`: // the server's, see above
		case len(raw) > maxForeignLog:
			truncated = true
		default:
			raw = append(raw, part...)
		}
	})
	if err != nil {
		return nil, err
	}
	text, _ := jsontext.AppendText(nil, append(raw, '"')) // what is no text is replaced
	if truncated {
		text = fmt.Appendf(text, "\nLogs were truncated because their total size exceeds the limit of %d bytes.\n", maxForeignLog)
	}
	return ownLog(text), nil
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
