package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// Answer is the container's answer and its log.
type Answer struct {
	Status   int
	Body     []byte
	Out, Err []byte // nil when the streams cannot be seen
}

func (a Answer) String() string { return fmt.Sprintf("%d %s", a.Status, Short(a.Body)) }

// readAnswer reads a response as the invoker does. It accepts no answer without
// a length, and none with a transfer or content coding.
func readAnswer(response *http.Response) (Answer, error) {
	body, err := io.ReadAll(response.Body)
	a := Answer{Status: response.StatusCode, Body: body}
	switch {
	case err != nil:
		return a, fmt.Errorf("read the answer: %w", err)
	case response.StatusCode == http.StatusNoContent:
		return a, errors.New("answered 204: the invoker takes an answer without a body for a dead container")
	case len(response.TransferEncoding) > 0:
		return a, fmt.Errorf("answered in transfer coding %v, expected a Content-Length", response.TransferEncoding)
	case response.ContentLength < 0:
		return a, errors.New("answered without Content-Length")
	case response.Header.Get("Content-Encoding") != "":
		return a, fmt.Errorf("answered in content coding %q, expected none", response.Header.Get("Content-Encoding"))
	}
	return a, nil
}

// Gives fails unless the answer is 200 with this JSON. Numbers must be spelled
// the same: 1.0 is not 1.
func (a Answer) Gives(want string) error {
	if a.Status != http.StatusOK || !sameJSON(a.Body, []byte(want)) {
		return fmt.Errorf("expected 200 %s, got %v", Short([]byte(want)), a)
	}
	return nil
}

// Refuses fails unless the answer is an error with this status (0: any but 200)
// and its message or log contains every text, in any case.
func (a Answer) Refuses(status int, texts ...string) error {
	if a.Status == http.StatusOK || status != 0 && a.Status != status {
		return fmt.Errorf("expected %s, got %v", statusName(status), a)
	}
	message, err := a.ErrorText()
	if err != nil {
		return err
	}
	said := strings.ToLower(message + "\n" + string(a.Out) + "\n" + string(a.Err))
	for _, text := range texts {
		if !strings.Contains(said, strings.ToLower(text)) {
			return fmt.Errorf("expected %q in the error or the log, got %v, stdout %s, stderr %s",
				text, a, Short(a.Out), Short(a.Err))
		}
	}
	return nil
}

// ErrorText returns the message of an answer of the form {"error": "…"}.
func (a Answer) ErrorText() (string, error) {
	var object struct {
		Error *string `json:"error"`
	}
	if err := json.Unmarshal(a.Body, &object); err != nil || object.Error == nil || *object.Error == "" {
		return "", fmt.Errorf(`expected an object with a text "error", got %v`, a)
	}
	return *object.Error, nil
}

// IsError fails unless the answer has this status (0: any but 200) and one of
// the messages, word for word.
func (a Answer) IsError(status int, messages ...string) error {
	if err := a.Refuses(status); err != nil {
		return err
	}
	message, err := a.ErrorText()
	if err != nil {
		return err
	}
	if slices.Contains(messages, message) {
		return nil
	}
	return fmt.Errorf("expected %s with error %q, got %v", statusName(status), messages, a)
}

func statusName(status int) string {
	if status == 0 {
		return "a status other than 200"
	}
	return fmt.Sprint(status)
}

func sameJSON(a, b []byte) bool {
	va, errA := Decode(a)
	vb, errB := Decode(b)
	return errA == nil && errB == nil && reflect.DeepEqual(va, vb)
}

// Decode reads one JSON value and keeps its numbers as they are spelled.
func Decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return value, nil
}

// Short quotes text. It leaves out the middle of a long one.
func Short(text []byte) string {
	const head, tail = 300, 100
	if len(text) <= head+tail {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("%q… (%d bytes) …%q", text[:head], len(text), text[len(text)-tail:])
}
