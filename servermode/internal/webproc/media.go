package webproc

import (
	"mime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
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

// isJSON reports whether a body is one JSON value.
func isJSON(body []byte) bool {
	return utf8.Valid(body) && jsontext.Value(body).IsValid(options...)
}

// quote is text as a JSON string; bytes that are no UTF-8 become U+FFFD.
func quote(text string) []byte {
	out, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(text, "\ufffd"))
	return out
}
