package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
)

// session plays the invoker against one container.
type session struct {
	url      string
	kind     string
	code     actionCode
	out, err *stream // nil when the streams cannot be seen
}

func newSession(c *Container, kind string, code actionCode) *session {
	s := &session{url: c.URL, kind: kind, code: code}
	if c.Stdout != nil && c.Stderr != nil {
		s.out = &stream{name: "stdout", read: c.Stdout, immediate: c.Immediate}
		s.err = &stream{name: "stderr", read: c.Stderr, immediate: c.Immediate}
	}
	return s
}

func (s *session) visible() bool { return s.out != nil }

// post sends one request on a connection of its own.
func (s *session) post(ctx context.Context, path string, body []byte) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Accept-Encoding", "gzip, deflate")
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return answer{}, fmt.Errorf("POST %s: no answer: %w", path, err)
	}
	defer response.Body.Close()
	a, err := readAnswer(response)
	if err != nil {
		return a, fmt.Errorf("POST %s: %w", path, err)
	}
	return a, nil
}

// init sends the action and expects success, without a sentinel.
func (s *session) init(ctx context.Context, code action) error {
	a, err := s.post(ctx, "/init", initBody(code))
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("POST /init: expected 200, got %v%s", a, s.unread())
	}
	if err := s.noMoreSentinels(); err != nil {
		return fmt.Errorf("POST /init succeeded: %w", err)
	}
	return nil
}

// failInit sends an action that cannot be started: one sentinel each.
func (s *session) failInit(ctx context.Context, code action) (answer, error) {
	a, err := s.post(ctx, "/init", initBody(code))
	if err != nil {
		return a, err
	}
	if a.status == http.StatusOK {
		return a, fmt.Errorf("POST /init: expected a failure, got %v", a)
	}
	return s.withLogs(ctx, a, 1)
}

// reject sends a request that is refused before anything of the action is
// touched; then a sentinel on each stream is allowed but not demanded.
func (s *session) reject(ctx context.Context, path string, body []byte) (answer, error) {
	a, err := s.post(ctx, path, body)
	if err != nil || !s.visible() {
		return a, err
	}
	var outFound, errFound int
	if a.out, outFound, err = s.out.takeOptional(ctx); err != nil {
		return a, err
	}
	if a.err, errFound, err = s.err.takeOptional(ctx); err != nil {
		return a, err
	}
	if outFound != errFound {
		return a, fmt.Errorf("POST %s: %d sentinel(s) on stdout, %d on stderr", path, outFound, errFound)
	}
	return a, nil
}

// run sends an activation with this argument and reads its log.
func (s *session) run(ctx context.Context, argument string) (answer, error) {
	return s.activate(ctx, newActivation(argument).body())
}

// activate sends a /run body and reads the activation's log.
func (s *session) activate(ctx context.Context, body []byte) (answer, error) {
	a, err := s.post(ctx, "/run", body)
	if err != nil {
		return a, err
	}
	return s.withLogs(ctx, a, 1)
}

// withLogs adds to the answer the log that n sentinels on each stream end.
func (s *session) withLogs(ctx context.Context, a answer, n int) (answer, error) {
	if !s.visible() {
		return a, nil
	}
	var outErr, errErr error
	a.out, outErr = s.out.take(ctx, n)
	a.err, errErr = s.err.take(ctx, n)
	if err := errors.Join(outErr, errErr); err != nil {
		return a, fmt.Errorf("after the answer %v: %w", a, err)
	}
	return a, nil
}

// noMoreSentinels fails if one came that no activation has asked for.
func (s *session) noMoreSentinels() error {
	if !s.visible() {
		return nil
	}
	return errors.Join(s.out.none(), s.err.none())
}

// unread describes what the streams hold since the last activation.
func (s *session) unread() string {
	if !s.visible() {
		return ""
	}
	return fmt.Sprintf(", stdout %s, stderr %s", short(s.out.pending()), short(s.err.pending()))
}
