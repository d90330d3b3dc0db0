package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// answer is what the container answered, and the log that came with it.
type answer struct {
	status   int
	body     []byte
	out, err []byte // nil when the streams cannot be seen
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, short(a.body)) }

// readAnswer reads a response as the invoker does, for whom an answer without
// a length, or in a transfer or content coding, is no answer.
func readAnswer(response *http.Response) (answer, error) {
	body, err := io.ReadAll(response.Body)
	a := answer{status: response.StatusCode, body: body}
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

// gives fails unless the answer is 200 with this JSON. Numbers must be
// spelled the same: 1.0 is not 1.
func (a answer) gives(want string) error {
	if a.status != http.StatusOK || !sameJSON(a.body, []byte(want)) {
		return fmt.Errorf("expected 200 %s, got %v", short([]byte(want)), a)
	}
	return nil
}

// refuses fails unless the answer is an error with this status (0: any but
// 200), whose message or log contains every text, in whatever case.
func (a answer) refuses(status int, texts ...string) error {
	if a.status == http.StatusOK || status != 0 && a.status != status {
		return fmt.Errorf("expected %s, got %v", statusName(status), a)
	}
	message, err := a.errorText()
	if err != nil {
		return err
	}
	said := strings.ToLower(message + "\n" + string(a.out) + "\n" + string(a.err))
	for _, text := range texts {
		if !strings.Contains(said, strings.ToLower(text)) {
			return fmt.Errorf("expected %q in the error or the log, got %v, stdout %s, stderr %s",
				text, a, short(a.out), short(a.err))
		}
	}
	return nil
}

// errorText returns the message of an answer of the form {"error": "…"}.
func (a answer) errorText() (string, error) {
	var object struct {
		Error *string `json:"error"`
	}
	if err := json.Unmarshal(a.body, &object); err != nil || object.Error == nil || *object.Error == "" {
		return "", fmt.Errorf(`expected an object with a text "error", got %v`, a)
	}
	return *object.Error, nil
}

// isError fails unless the answer has this status (0: any but 200) and one of
// the messages, word for word.
func (a answer) isError(status int, messages ...string) error {
	if err := a.refuses(status); err != nil {
		return err
	}
	message, err := a.errorText()
	if err != nil {
		return err
	}
	for _, want := range messages {
		if message == want {
			return nil
		}
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
	va, errA := decode(a)
	vb, errB := decode(b)
	return errA == nil && errB == nil && reflect.DeepEqual(va, vb)
}

// decode reads one JSON value and leaves its numbers as they are spelled.
func decode(text []byte) (any, error) {
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

// short quotes text, without its middle when it is long.
func short(text []byte) string {
	const head, tail = 300, 100
	if len(text) <= head+tail {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("%q… (%d bytes) …%q", text[:head], len(text), text[len(text)-tail:])
}
