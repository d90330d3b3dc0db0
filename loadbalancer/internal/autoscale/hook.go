package autoscale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/internal/upstream"
)

// ErrOpen is for a hook that may have done its work or not.
var ErrOpen = errors.New("it may have been done")

// Hook is what an owner has called for an Up or a Down. It returns when that is
// under way or done; output is for the log. ctx ends when it takes too long. An
// error says that it was not done, or is an ErrOpen.
type Hook interface {
	Call(ctx context.Context, a Action) (output string, err error)
}

// maxOutput bounds what is logged of a hook's output, in bytes.
const maxOutput = 16 << 10

// message is what a hook is told, as JSON.
type message struct {
	Action  string `json:"action"` // up, down
	Server  string `json:"server,omitempty"`
	URL     string `json:"url,omitempty"`
	Why     string `json:"why"`
	Min     int    `json:"min"`
	Max     int    `json:"max"`
	Signals Totals `json:"signals"`
}

func (a Action) message() ([]byte, error) {
	return jsontext.Marshal(message{a.Kind.String(), a.Host.Name, a.Host.URL, a.Why, a.Min, a.Max, a.Totals})
}

// Post is a hook that is a URL: it gets the message as the body of a POST, and
// answers with a status from 200 to 299.
type Post struct {
	URL   *url.URL // http or https
	Token string   // sent as the bearer's; empty: none
}

// Call sends the message once.
func (p Post) Call(ctx context.Context, a Action) (string, error) {
	body, err := a.message()
	if err != nil {
		return "", err
	}
	pool := upstream.New(p.URL, upstream.Options{Token: p.Token})
	defer pool.CloseIdle()
	resp, err := pool.Send(ctx, &upstream.Request{
		Path: p.URL.RequestURI(), Header: upstream.Header{{Name: "Content-Type", Value: "application/json"}}, Body: body,
	})
	switch {
	case errors.Is(err, upstream.ErrNotSent):
		return "", err
	case err != nil:
		return "", errors.Join(ErrOpen, err)
	}
	defer resp.Close()
	text, err := io.ReadAll(io.LimitReader(resp, maxOutput)) // what it says; its status has said whether it obeys
	if resp.Status < 200 || resp.Status > 299 {
		return string(text), fmt.Errorf("%s answered %d", p.URL.Redacted(), resp.Status)
	}
	if err != nil {
		err = errors.Join(ErrOpen, err)
	}
	return string(text), err
}
