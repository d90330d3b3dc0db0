package clientmode

import (
	"errors"
	"strings"

	"github.com/whiskaway/whiskaway/clientmode/internal/allowlist"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// cause returns why a request failed, for its author. It names no address: the error does,
// and goes to the operator's log.
func cause(err error) string {
	of := upstream.CauseOf(err)
	var said answered
	var never *allowlist.RefusedError
	switch {
	case errors.Is(err, runtimespec.ErrFrame):
		return ownText(err, runtimespec.ErrFrame)
	case of.Certain():
		return of.Advise("client", "WHISKAWAY_CA_FILE")
	case errors.Is(err, runtimespec.ErrTruncated):
		return runtimespec.ErrTruncated.Error()
	case of == upstream.CauseUnknown && errors.As(err, &never):
		return never.Public()
	case of == upstream.CauseUnknown && errors.As(err, &said):
		return said.Error()
	}
	return of.String()
}

// answered is the failure of a request that was refused for now.
type answered runtimespec.Reason

func (a answered) Error() string { return "it answered " + string(a) }

// hopeless reports whether an error is certain to come again: what is set wrong is
// not mended by waiting.
func hopeless(err error) bool {
	return errors.Is(err, runtimespec.ErrFrame) || upstream.CauseOf(err).Certain()
}

// ownText returns an error's text from kind on, which is its own and not a
// connection's.
func ownText(err, kind error) string {
	text := err.Error()
	if at := strings.Index(text, kind.Error()); at >= 0 {
		return text[at:]
	}
	return kind.Error()
}
