package load

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// MinPayload is the smallest value that can tell runs apart, in bytes.
const MinPayload = 12

// Echo is the work whose right answer is the value that was sent. Each run is
// the first template with its own parts patched: a new activation id (a
// repeated one would get the recorded result), the deadline, and a number in
// the value, so that an answer to another run is noticed.
type Echo struct {
	// AnyAnswer accepts any object with the status 200.
	AnyAnswer bool

	limit    time.Duration
	template []byte
	name     span // the function's number in its name
	value    span
	number   span // within value; empty: the value is the same in each run
	id       span
	deadline span
	prefix   [16]byte // of the ids, hex digits that no other Echo has
	runs     atomic.Uint64
}

// span is a part of the template.
type span struct{ from, to int }

func (s span) of(text []byte) []byte { return text[s.from:s.to] }

const (
	valueStart  = `{"n":"`
	valueEnd    = `"}`
	numberWidth = 11 // digits of 6 bits are enough for 2⁶⁴ runs
	nameWidth   = 6  // decimal digits
)

// NewEcho sends values of size bytes, at least MinPayload. The runs' deadline
// follows from limit; 0: DefaultLimit.
func NewEcho(size int, limit time.Duration) (*Echo, error) {
	if size < MinPayload {
		return nil, fmt.Errorf("a payload of %d bytes is too small, %d tell one run from another", size, MinPayload)
	}
	filler := bytes.Repeat([]byte("abcdefghijklmnopqrstuvwxyz012345"), size/32+1)[:size-len(valueStart)-len(valueEnd)]
	e := newEcho([]byte(valueStart+string(filler)+valueEnd), limit)
	from := e.value.from + len(valueStart)
	e.number = span{from, from + min(numberWidth, len(filler))}
	return e, nil
}

// NewValue sends the same value, an object, in each run.
func NewValue(value []byte, limit time.Duration) (*Echo, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(value, &object); err != nil || object == nil {
		return nil, fmt.Errorf("%.60q is no JSON object", value)
	}
	return newEcho(value, limit), nil
}

func newEcho(value []byte, limit time.Duration) *Echo {
	e := &Echo{limit: limit}
	if limit == 0 {
		e.limit = DefaultLimit
	}
	part := func(before, own, after string) span {
		e.template = append(e.template, before...)
		s := span{len(e.template), len(e.template) + len(own)}
		e.template = append(append(e.template, own...), after...)
		return s
	}
	e.value = part(`{"value":`, string(value), `,"namespace":"guest","action_name":"/guest/load-`)
	e.name = part("", fmt.Sprintf("%0*d", nameWidth, 0), `","action_version":"0.0.1","activation_id":"`)
	e.id = part("", fmt.Sprintf("%032x", 0), `","transaction_id":"load","deadline":"`)
	e.deadline = part("", strconv.FormatInt(time.Now().UnixMilli(), 10), `"}`)
	var own [len(e.prefix) / 2]byte
	_, _ = rand.Read(own[:]) // never fails
	hex.Encode(e.prefix[:], own[:])
	return e
}

// Next makes the body of the next run.
func (e *Echo) Next(buf []byte, function int) []byte {
	if len(buf) != len(e.template) {
		buf = append(buf[:0], e.template...)
	}
	n := e.runs.Add(1)
	digits(e.number.of(buf), n, 6)
	id := e.id.of(buf)
	copy(id, e.prefix[:])
	digits(id[len(e.prefix):], n, 4)
	strconv.AppendInt(e.deadline.of(buf)[:0], time.Now().Add(e.limit).UnixMilli(), 10)
	for i, name := len(e.name.of(buf))-1, e.name.of(buf); i >= 0; i, function = i-1, function/10 {
		name[i] = byte('0' + function%10)
	}
	return buf
}

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"

// digits fills to with n's lowest digits, of the given number of bits each.
func digits(to []byte, n uint64, bits int) {
	for i := len(to) - 1; i >= 0; i, n = i-1, n>>bits {
		to[i] = alphabet[n&(1<<bits-1)]
	}
}

// Check wants the status 200 and the value, white space aside.
func (e *Echo) Check(body []byte, a *Answer) error {
	switch value := e.value.of(body); {
	case a.Status != http.StatusOK:
		return fmt.Errorf("status %d: %.120s", a.Status, a.Body)
	case !e.AnyAnswer && !sameJSON(value, a.Body):
		return fmt.Errorf("not the value that was sent: %.40s in place of %.40s, %d bytes for %d", a.Body, value, len(a.Body), len(value))
	case e.AnyAnswer && !bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("{")):
		return errors.New("the answer is no object")
	}
	return nil
}
