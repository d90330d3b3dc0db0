package backend

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/exchange"
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
	var timeout net.Error
	var resolving *net.DNSError
	var untrusted *tls.CertificateVerificationError
	is := func(any ...error) bool {
		for _, one := range any {
			if errors.Is(err, one) {
				return true
			}
		}
		return false
	}
	switch {
	case is(hop.ErrNoHTTP):
		return "what it answers is no HTTP, or its URL says http where it should say https, or the reverse"
	case is(ErrNotOurs):
		return ErrNotOurs.Error()
	case is(ErrLarge):
		return ErrLarge.Error()
	case errors.As(err, &untrusted):
		return "its certificate is not trusted"
	case errors.As(err, &resolving):
		return "its name cannot be resolved"
	case is(context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "it took too long"
	case is(syscall.ECONNREFUSED):
		return "the connection was refused"
	case is(syscall.EHOSTUNREACH, syscall.ENETUNREACH):
		return "there is no way to its host"
	case is(io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed):
		return "the connection broke off"
	}
	return "the connection failed"
}

// Garbled is for a server that speaks no HTTP: to send it the same again is of no use.
func (b *Backend) Garbled(started string, err error) *refusal.Refusal {
	return exchange.Lost("%s cannot be spoken to, %s: %s", b.Public(), started, Words(err)).Because(err)
}

// GarbledUnsent is for a run that such a server was not sent: another may have it, or
// the same once it is set right.
func (b *Backend) GarbledUnsent(err error) *refusal.Refusal {
	return exchange.Away("%s cannot be spoken to, nothing was started: %s", b.Public(), Words(err)).Because(err)
}

// ReadMessage reads what a refusal says to people. Its reason has arrived with the
// head; a message that breaks off changes nothing.
func ReadMessage(resp *hop.Response) string {
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
func RetryAfter(resp *hop.Response) time.Duration {
	value := resp.Head.Get("Retry-After")
	seconds, err := strconv.Atoi(value)
	if value == "" || err != nil || seconds < 1 {
		return 0
	}
	return max(leastRetry, time.Duration(min(seconds, refusal.MaxRetryAfter)-1)*time.Second)
}

// Judge returns a failure's reason, and whether the answer is a server's of this
// contract at all.
func Judge(resp *hop.Response) (reason runtimespec.Reason, ours bool) {
	_, ours = resp.Head.Only(runtimespec.HeaderServer)
	if resp.Status < leastFailure {
		return "", ours
	}
	reason = runtimespec.Reason(resp.Head.Get(runtimespec.HeaderReason))
	return reason, ours && reason != ""
}

const leastFailure = 400 // status
