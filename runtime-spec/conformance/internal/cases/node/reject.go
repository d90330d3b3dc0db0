package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

const rejector = `
class NotFound extends Error {
    constructor(message) {
        super(message)
        this.name = "NotFound"
        this.code = "E_GONE"
        this.statusCode = 404
        this.body = { looked: ["here", "there"] }
        this.reason = new TypeError("inner")
        this.self = this
        this.retry = () => {}
    }
}
async function main(args) {
    if (args.fine) return args
    throw new NotFound("no such cat")
}`

// rejectedError is what the members of nodeRejector's error must be.
type rejectedError struct {
	Name, Message, Stack, Code string
	StatusCode                 int
	Body                       struct{ Looked []string }
	Reason                     struct{ Name, Message, Stack string }
	Self                       any
}

func rejectsError(ctx context.Context, s *session.Session) error {
	a, err := s.InitRun(ctx, session.Source(rejector), `{}`)
	if err != nil {
		return err
	}
	var result struct{ Error rejectedError }
	if err := json.Unmarshal(a.Body, &result); err != nil || a.Status != http.StatusOK {
		return fmt.Errorf(`expected 200 and an object "error", got %v`, a)
	}
	e := result.Error
	for member, right := range map[string]bool{
		"name": e.Name == "NotFound", "message": e.Message == "no such cat", "stack": strings.Contains(e.Stack, "no such cat\n"),
		"code": e.Code == "E_GONE", "statusCode": e.StatusCode == 404, "body": strings.Join(e.Body.Looked, " ") == "here there",
		"reason": e.Reason.Name == "TypeError" && e.Reason.Message == "inner" && e.Reason.Stack != "", "self": e.Self == "[Circular]",
	} {
		if !right {
			return fmt.Errorf("the error's member %q is missing or another, got %v", member, a)
		}
	}
	if err := s.LogIs(a, "", ""); err != nil {
		return err
	}
	return s.StillEchoes(ctx, `{"fine":true}`)
}
