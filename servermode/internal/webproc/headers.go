package webproc

import (
	"net/http"
	"slices"
	"strings"
)

const userAgent = "whiskaway"

// contextPrefix is the prefix of headers with an activation's context. No caller of
// a web action can send one.
const contextPrefix = "X-Openwhisk-"

// contextHeaders are the members of a run that the function gets as headers. The
// run's trace is one of them: the trace of a web action's caller ends at the
// platform. The API key is not, because web servers log headers. Where the platform
// gives the key to an action, it is in the environment.
var contextHeaders = map[string]string{
	"activation_id":  contextPrefix + "Activation-Id",
	"transaction_id": contextPrefix + "Transaction-Id",
	"action_name":    contextPrefix + "Action-Name",
	"action_version": contextPrefix + "Action-Version",
	"namespace":      contextPrefix + "Namespace",
	"deadline":       contextPrefix + "Deadline",
	"traceparent":    "Traceparent",
	"tracestate":     "Tracestate",
}

// ownHeaders concern one connection, or are for us to set. Those for idempotency
// would make the transport send a request twice.
var ownHeaders = []string{
	"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
	"transfer-encoding", "upgrade", "host", "content-length", "expect", "accept-encoding", "idempotency-key", "x-idempotency-key",
}

// setContext adds an activation's context.
func (act *activation) setContext(h http.Header) {
	h.Set("User-Agent", userAgent)
	if act.traced() {
		h.Del(contextHeaders["tracestate"])
	}
	for _, m := range act.context {
		if name := contextHeaders[m.name]; name != "" && m.value.Kind() != 'n' && isFieldValue(plain(m.value)) {
			h.Set(name, plain(m.value))
		}
	}
}

// traced reports whether the run is part of a trace.
func (act *activation) traced() bool {
	return slices.ContainsFunc(act.context, func(m member) bool { return m.name == "traceparent" })
}

// passable reports whether a header of a caller's may be passed on. listed are the
// names in its Connection header.
func passable(name string, listed []string) bool {
	lower := strings.ToLower(name)
	alike := strings.ReplaceAll(lower, "_", "-") // a WSGI or CGI server does not tell them apart
	return isToken(name) && !slices.Contains(ownHeaders, lower) && !slices.Contains(listed, lower) &&
		!strings.HasPrefix(alike, strings.ToLower(contextPrefix))
}

// connectionListed returns the names in Connection headers, in lower case.
func connectionListed(values []string) (names []string) {
	for name := range strings.SplitSeq(strings.ToLower(strings.Join(values, ",")), ",") {
		names = append(names, strings.TrimSpace(name))
	}
	return names
}

// isToken reports whether text can be a header's name or a method.
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// isFieldValue reports whether text can be a header's value.
func isFieldValue(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
