package httpserver

import "net/http"

// Parse reads a head.
func Parse(text string) (path, host string, length int64, header http.Header, simple bool) {
	var h head
	simple = h.parse(text)
	return h.path, h.host, h.length, h.header, simple
}
