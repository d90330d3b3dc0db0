package backend

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Errors of answers.
var (
	ErrNotOurs = errors.New("it is no server of this contract") // no server of it gives such an answer
	ErrLarge   = fmt.Errorf("its answer is larger than %d bytes", MaxResult)
)

// MaxResult bounds the result of an init, in bytes.
const MaxResult = 2 << 20

// Words say what went wrong on the way to a server without naming an address, which
// the errors of sockets do.
func Words(err error) string {
	for _, own := range []error{ErrNotOurs, ErrLarge} {
		if errors.Is(err, own) {
			return own.Error()
		}
	}
	return upstream.CauseOf(err).Advise("balancer", "--servers-ca")
}

// Garbled is for a server that speaks no HTTP: to send it the same again is of no use.
func (b *Backend) Garbled(started string, err error) *refusal.Refusal {
	return refusal.Lost("%s cannot be spoken to, %s: %s", b.Public(), started, Words(err)).Because(err)
}

// GarbledUnsent is for a run that such a server was not sent: another may have it, or
// the same once it is set right.
func (b *Backend) GarbledUnsent(err error) *refusal.Refusal {
	return refusal.Away("%s cannot be spoken to, nothing was started: %s", b.Public(), Words(err)).Because(err)
}

// ReadMessage reads what a refusal says to a reader. Its reason has arrived with the
// head; a message that breaks off changes nothing.
func ReadMessage(resp *upstream.Response) string {
	resp.Within(time.Second)
	var text [maxAnswer]byte
	n := 0
	for n < len(text) {
		m, err := resp.Read(text[n:])
		if n += m; err != nil {
			break
		}
	}
	return Message(text[:n])
}

// Message is what the body of a refusal says.
func Message(body []byte) string {
	var said struct{ Error string }
	if json.Unmarshal(body, &said) != nil || said.Error == "" {
		return "the server refused and did not say more"
	}
	return said.Error
}

// leastRetry is how long a server that is full is left alone at least.
const leastRetry = 50 * time.Millisecond

// RetryAfter is when a server said that it may have room again. It is rounded up to
// whole seconds; what is certain is a second less.
func RetryAfter(resp *upstream.Response) time.Duration {
	value := resp.Head.Get("Retry-After")
	seconds, err := strconv.Atoi(value)
	if value == "" || err != nil || seconds < 1 {
		return 0
	}
	return max(leastRetry, time.Duration(min(seconds, refusal.MaxRetryAfter)-1)*time.Second)
}

// Judge returns a failure's reason, and whether the answer is a server's of this
// contract at all.
func Judge(resp *upstream.Response) (reason runtimespec.Reason, ours bool) {
	_, ours = resp.Head.Only(runtimespec.HeaderServer)
	if resp.Status < leastFailure {
		return "", ours
	}
	reason = runtimespec.Reason(resp.Head.Get(runtimespec.HeaderReason))
	return reason, ours && reason != ""
}

const leastFailure = 400 // status
