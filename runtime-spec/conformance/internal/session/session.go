// Package session plays the invoker against one container and checks the
// answers and the logs. A case is a function of a Session.
package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/code"
)

// Session plays the invoker against one container.
type Session struct {
	url      string
	kind     string
	Code     code.Code
	out, err *stream // nil when the streams cannot be seen
}

// New returns a session with the container at url. Its streams may be nil; see
// conformance.Container for immediate.
func New(url string, stdout, stderr func() []byte, immediate bool, kind string, code code.Code) *Session {
	s := &Session{url: url, kind: kind, Code: code}
	if stdout != nil && stderr != nil {
		s.out = &stream{name: "stdout", read: stdout, immediate: immediate}
		s.err = &stream{name: "stderr", read: stderr, immediate: immediate}
	}
	return s
}

// Visible reports whether the container's streams can be seen.
func (s *Session) Visible() bool { return s.out != nil }

// Post sends one request on a connection of its own.
func (s *Session) Post(ctx context.Context, path string, body []byte) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Accept-Encoding", "gzip, deflate")
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return Answer{}, fmt.Errorf("POST %s: no answer: %w", path, err)
	}
	defer response.Body.Close()
	a, err := readAnswer(response)
	if err != nil {
		return a, fmt.Errorf("POST %s: %w", path, err)
	}
	return a, nil
}

// Init sends the action and expects success, without a sentinel.
func (s *Session) Init(ctx context.Context, code Action) error {
	a, err := s.Post(ctx, "/init", InitBody(code))
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		return fmt.Errorf("POST /init: expected 200, got %v%s", a, s.Unread())
	}
	if err := s.NoMoreSentinels(); err != nil {
		return fmt.Errorf("POST /init succeeded: %w", err)
	}
	return nil
}

// FailInit sends an action that cannot be started. It expects one sentinel on
// each stream.
func (s *Session) FailInit(ctx context.Context, code Action) (Answer, error) {
	a, err := s.Post(ctx, "/init", InitBody(code))
	if err != nil {
		return a, err
	}
	if a.Status == http.StatusOK {
		return a, fmt.Errorf("POST /init: expected a failure, got %v", a)
	}
	return s.WithLogs(ctx, a, 1)
}

// Reject sends a request that is refused before it reaches the action. A
// sentinel on each stream is then allowed but not demanded.
func (s *Session) Reject(ctx context.Context, path string, body []byte) (Answer, error) {
	a, err := s.Post(ctx, path, body)
	if err != nil || !s.Visible() {
		return a, err
	}
	var outFound, errFound int
	if a.Out, outFound, err = s.out.takeOptional(ctx); err != nil {
		return a, err
	}
	if a.Err, errFound, err = s.err.takeOptional(ctx); err != nil {
		return a, err
	}
	if outFound != errFound {
		return a, fmt.Errorf("POST %s: %d sentinel(s) on stdout, %d on stderr", path, outFound, errFound)
	}
	return a, nil
}

// Run sends an activation with this argument and reads its log.
func (s *Session) Run(ctx context.Context, argument string) (Answer, error) {
	return s.Activate(ctx, NewActivation(argument).Body())
}

// Activate sends a /run body and reads the activation's log.
func (s *Session) Activate(ctx context.Context, body []byte) (Answer, error) {
	a, err := s.Post(ctx, "/run", body)
	if err != nil {
		return a, err
	}
	return s.WithLogs(ctx, a, 1)
}

// WithLogs adds the log to the answer, which n sentinels end on each stream.
func (s *Session) WithLogs(ctx context.Context, a Answer, n int) (Answer, error) {
	if !s.Visible() {
		return a, nil
	}
	var outErr, errErr error
	a.Out, outErr = s.out.take(ctx, n)
	a.Err, errErr = s.err.take(ctx, n)
	if err := errors.Join(outErr, errErr); err != nil {
		return a, fmt.Errorf("after the answer %v: %w", a, err)
	}
	return a, nil
}

// NoMoreSentinels fails if there is a sentinel that belongs to no activation.
func (s *Session) NoMoreSentinels() error {
	if !s.Visible() {
		return nil
	}
	return errors.Join(s.out.none(), s.err.none())
}

// Unread describes what the streams have shown since the last activation.
func (s *Session) Unread() string {
	if !s.Visible() {
		return ""
	}
	return fmt.Sprintf(", stdout %s, stderr %s", Short(s.out.pending()), Short(s.err.pending()))
}

// PostTogether sends the bodies at the same time and returns all answers.
func (s *Session) PostTogether(ctx context.Context, path string, bodies ...[]byte) ([]Answer, error) {
	answers := make([]Answer, len(bodies))
	failures := make([]error, len(bodies))
	var all sync.WaitGroup
	for i, body := range bodies {
		all.Go(func() { answers[i], failures[i] = s.Post(ctx, path, body) })
	}
	all.Wait()
	return answers, errors.Join(failures...)
}
