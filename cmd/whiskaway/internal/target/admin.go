package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Admin is a server or balancer that a command asks about itself.
type Admin struct {
	Remote `embed:""`
	Limit  time.Duration `default:"10s" help:"Time to wait for an answer."`
}

// Validate reports usage errors before Run.
func (a *Admin) Validate() error {
	if a.Limit <= 0 {
		return fmt.Errorf("--limit must be a time such as 10s, not %s", a.Limit)
	}
	return nil
}

// maxList bounds an answer, in bytes: more than any list that is read by eye.
const maxList = 64 << 20

// Ask sends a request without a body and returns the body of a successful
// answer. The tenant may be empty.
func (a *Admin) Ask(method, path, tenant string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), a.Limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, a.Server+path, nil)
	if err != nil {
		return nil, fmt.Errorf("--server: %w", err)
	}
	if err := a.identify(req, tenant); err != nil {
		return nil, err
	}
	resp, body, err := a.do(req)
	if err != nil {
		return nil, err
	}
	return body, a.refused(resp, body, tenant)
}

// refused returns the error for a status other than 200, and what to do about
// it.
func (a *Admin) refused(resp *http.Response, body []byte, tenant string) error {
	ours := resp.Header.Get(runtimespec.HeaderReason) != "" && errorMessage(body) != ""
	switch {
	case resp.StatusCode == http.StatusOK:
		return nil
	case resp.StatusCode == http.StatusUnauthorized && a.TokenFile == "":
		return fmt.Errorf("%s wants a token: name a file that holds it with --token-file", a.Server)
	case resp.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s does not know the first token in %s: put one of the server's own --token-file there", a.Server, a.TokenFile)
	case resp.StatusCode == http.StatusForbidden && tenant != "" && a.TokenFile == "":
		return errors.New("there is no token, and --tenant needs one that may delegate: name a file that holds it with --token-file, or leave --tenant out")
	case resp.StatusCode == http.StatusForbidden && tenant != "":
		return errors.New("this token may not act for another tenant: leave --tenant out, or use one that may delegate")
	case ours:
		return fmt.Errorf("%s: %s", a.Server, output.Printable(errorMessage(body)))
	}
	return a.unexpected(resp, body)
}

// errorMessage returns the message of an answer like {"error": "…"}, empty if
// there is none.
func errorMessage(body []byte) string {
	var says struct{ Error string }
	_ = json.Unmarshal(body, &says)
	return says.Error
}
