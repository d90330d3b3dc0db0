package webproc

import (
	"mime"
	"slices"
	"strings"
)

// media is how a body is shown in JSON.
type media int

const (
	asBase64 media = iota // as base64
	textual               // as a string
	asJSON                // as it is
)

// texts are the types, beside text/*, that the platform takes for text.
var texts = []string{
	"application/javascript", "application/x-www-form-urlencoded", "application/xml", "application/xhtml+xml",
	"application/atom+xml", "application/rss+xml", "application/soap+xml",
}

func mediaOf(contentType string) media {
	kind, _, _ := mime.ParseMediaType(contentType)
	switch {
	case kind == "application/json", strings.HasSuffix(kind, "+json"):
		return asJSON
	case strings.HasPrefix(kind, "text/"), slices.Contains(texts, kind):
		return textual
	}
	return asBase64
}
