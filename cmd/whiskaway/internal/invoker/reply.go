package invoker

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Reply is a container's answer.
type Reply struct {
	Status     int
	Body       []byte
	Activation string
	Took       time.Duration
	OfInit     bool
}

// Failed reports whether the platform would count the reply as a failure of the
// action or the container, not as an application error.
func (r Reply) Failed() bool { return r.Status != http.StatusOK }

// FailureOf returns what a summary adds about a failed run, empty for a good
// one.
func FailureOf(r Reply) string {
	var object struct{ Error json.RawMessage }
	if json.Unmarshal(r.Body, &object) != nil || object.Error == nil {
		return ""
	}
	if r.Failed() {
		return fmt.Sprintf(" (%s)", shortText(ErrorText(r.Body)))
	}
	return fmt.Sprintf(" (application error: %s)", shortText(ErrorText(r.Body)))
}

func shortText(text string) string {
	const most = 200
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// ErrorText returns the message of an answer like {"error": "…"}, or all of it.
func ErrorText(body []byte) string {
	var answer struct{ Error json.RawMessage }
	if json.Unmarshal(body, &answer) != nil || answer.Error == nil {
		return strings.TrimSpace(string(body))
	}
	var text string
	if json.Unmarshal(answer.Error, &text) != nil {
		return string(answer.Error)
	}
	return text
}
