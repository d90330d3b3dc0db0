package httpserver

import (
	"bytes"
	"net/http"
	"net/textproto"
	"strings"
)

// maxFields is the largest number of header fields in a simple request.
const maxFields = 24

// names are the header fields that callers send, as net/http spells them.
// Looking one up allocates nothing.
var names = func() map[string]string {
	all := map[string]string{}
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Authorization", "Connection", "Content-Length", "Content-Type", "Host", "Traceparent", "Tracestate", "User-Agent",
		"Whiskaway-Function", "Whiskaway-Code", "Whiskaway-Lease", "Whiskaway-Kind", "Whiskaway-Activation", "Whiskaway-Timeout",
		"Whiskaway-Env", "Whiskaway-Hops", "Whiskaway-Tenant", "Whiskaway-Server",
	} {
		all[name], all[strings.ToLower(name)] = name, name
	}
	return all
}()

// head is what a request's head says.
type head struct {
	path   string
	host   string
	length int64 // negative: not given
	header http.Header
	values [maxFields]string // values of header, one each
}

// parse reads a head, which ends with an empty line. It reports whether the
// request is a simple one. If not, h is not valid.
func (h *head) parse(text string) (simple bool) {
	line, rest, _ := strings.Cut(text, "\r\n")
	target, ok := strings.CutPrefix(line, "POST ")
	if !ok {
		return false
	}
	if h.path, ok = strings.CutSuffix(target, " HTTP/1.1"); !ok || !plainPath(h.path) {
		return false
	}
	fields := strings.Count(rest, "\r\n") - 1
	if fields > maxFields {
		return false
	}
	h.host, h.length, h.header = "", -1, make(http.Header, max(0, fields-1)) // without Host
	for n := range fields {
		line, rest, _ = strings.Cut(rest, "\r\n")
		if !h.field(n, line) {
			return false
		}
	}
	return h.host != "" && h.length >= 0
}

// field reads one header line.
func (h *head) field(n int, line string) bool {
	at := strings.IndexByte(line, ':')
	if at <= 0 {
		return false
	}
	name, value := canonical(line[:at]), strings.Trim(line[at+1:], " \t")
	if name == "" || !plainValue(value) {
		return false
	}
	switch name {
	case "Host":
		if h.host != "" || !plainHost(value) {
			return false
		}
		h.host = value
		return true // left out of the header, as in net/http
	case "Content-Length":
		if h.length = length(value); h.length < 0 {
			return false
		}
	case "Connection":
		if value != "keep-alive" {
			return false
		}
	case "Transfer-Encoding", "Expect", "Upgrade", "Trailer", "Te", "Proxy-Connection", "Keep-Alive", "Http2-Settings":
		return false
	}
	if _, twice := h.header[name]; twice {
		return false
	}
	h.values[n] = value
	h.header[name] = h.values[n : n+1 : n+1]
	return true
}

// canonical returns a field's name as net/http spells it, empty if it is no
// valid name.
func canonical(name string) string {
	if known, ok := names[name]; ok {
		return known
	}
	for i := range len(name) {
		if b := name[i]; b != '-' && (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') {
			return ""
		}
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}

// length returns the value of a Content-Length, negative if it is not a plain
// number.
func length(value string) (n int64) {
	if len(value) == 0 || len(value) > 18 {
		return -1
	}
	for _, digit := range []byte(value) {
		if digit < '0' || digit > '9' {
			return -1
		}
		n = 10*n + int64(digit-'0')
	}
	return n
}

// plainPath reports whether a path has no query, escape or dot segment.
func plainPath(path string) bool {
	if path == "" || path[0] != '/' || strings.Contains(path, "//") || strings.Contains(path, "/.") {
		return false
	}
	return only(path, "/-_.")
}

func plainHost(host string) bool { return host != "" && only(host, ".-:[]_") }

// only reports whether s consists of letters, digits and the others.
func only(s, others string) bool {
	for i := range len(s) {
		b := s[i]
		if (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && (b < '0' || b > '9') && strings.IndexByte(others, b) < 0 {
			return false
		}
	}
	return true
}

func plainValue(value string) bool {
	for i := range len(value) {
		if b := value[i]; (b < ' ' && b != '\t') || b >= 0x7f {
			return false
		}
	}
	return true
}

// headEnd returns the length of the head at the start of buf, 0 if its end is
// not there. In that case simple reports whether it may still become a simple
// one.
func headEnd(buf []byte) (end int, simple bool) {
	if at := bytes.Index(buf, []byte("\r\n\r\n")); at >= 0 {
		return at + 4, true
	}
	begin := buf[:min(len(buf), len(simplest))]
	ended := bytes.Contains(buf, []byte("\n\n")) || bytes.Contains(buf, []byte("\n\r\n")) // in an unusual way
	return 0, string(begin) == simplest[:len(begin)] && !ended
}

// simplest is the start of every simple request.
const simplest = "POST /"
