package conformance_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

const (
	portVariable  = "CONFORMANCE_FAKE_PORT"
	faultVariable = "CONFORMANCE_FAKE_FAULT"
)

func TestMain(m *testing.M) {
	conformance.ActIfAsked()
	if os.Getenv(portVariable) != "" {
		fmt.Fprintln(os.Stderr, serveFake())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// fakeTarget returns the fake runtime, a process with a real stdout and stderr.
func fakeTarget(t *testing.T, fault string) conformance.Exec {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return conformance.Exec{
		Command: []string{program},
		Env:     []string{"PATH=" + os.Getenv("PATH"), portVariable + "={port}", faultVariable + "=" + fault},
		Needs:   conformance.NeedsAck | conformance.NeedsExecutionEnv | conformance.NeedsKind,
	}
}

func nativeCase(t *testing.T, id string) conformance.Case {
	t.Helper()
	for _, c := range conformance.For(conformance.Native) {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("there is no case %q", id)
	return conformance.Case{}
}

func TestCheck_PassesARuntimeThatConforms(t *testing.T) {
	for _, c := range conformance.For(conformance.Native) {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			if err := conformance.Check(t.Context(), fakeTarget(t, ""), c); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCheck_FailsARuntimeThatDoesNot(t *testing.T) {
	for _, tc := range []struct{ fault, id, says string }{
		{"no sentinel on stdout", "four-echoes", "stdout: expected 1 sentinel(s) before the answer, got 0"},
		{"no sentinel on stderr", "four-echoes", "stderr: expected 1 sentinel(s) before the answer, got 0"},
		{"no sentinel on stderr", "init-broken-code", "stderr: expected 1 sentinel(s)"},
		{"no sentinel on stdout", "run-exits", "stdout: expected 1 sentinel(s)"},
		{"sentinel twice", "unicode", "got 2"},
		{"sentinel after the answer", "unicode", "got 0"},
		{"sentinel after init", "other-main", "a sentinel too many"},
		{"sentinel after second init", "init-twice", "a sentinel too many"},
		{"sentinel glued to a log", "four-echoes", "not on a line of its own"},
		{"second init not logged", "init-twice", "in the log"},
		{"chunked", "other-main", "transfer coding [chunked]"},
		{"no content", "other-main", "204"},
		{"no length", "other-main", "without Content-Length"},
		{"gzip", "other-main", `content coding "gzip"`},
		{"hang up", "other-main", "no answer"},
		{"always 200", "init-empty-code", "expected a status other than 200"},
		{"always 200", "init-malformed", "expected 400"},
		{"always 200", "run-exits", "expected 400"},
		{"always 200", "run-before-init", "expected 500"},
		{"numbers through floats", "numbers-unaltered", "expected 200"},
		{"another error text", "result-not-an-object", "dictionary or array"},
		{"another error text", "native-result-no-json", "dictionary or array"},
		{"log lost", "four-echoes", `stdout: expected "hello stdout\n", got ""`},
		{"log lost", "native-early-output", "early out"},
		{"log cut", "log-200-kb", "stdout: expected"},
		{"log with the next run", "log-of-a-failing-run", "last words"},
		{"log with the next run", "many-activations", "stdout: expected"},
		{"container env lost", "context", "__OW_"},
		{"never started again", "run-exits-next", "the next run"},
		{"second result kept", "native-two-results", "the next run"},
		{"names anywhere", "archive-climbs-out", "was written from within an archive"},
		{"absolute names", "archive-absolute", "was written from within an archive"},
		{"empty unnoticed", "archive-empty", `expected "empty"`},
		{"no links out", "archive-link-outside", "links out of the archive"},
		{"no links out", "archive-link-absolute", "links out of the archive"},
		{"links anywhere", "archive-through-link", "was written from within an archive"},
		{"links anywhere", "archive-through-absolute-link", "was written from within an archive"},
		{"bomb unnoticed", "archive-bomb", "expected a failure"},
		{"bomb unnoticed", "archive-bomb-lying", "expected a failure"},
		{"any ack", "native-ack-refused", "expected a failure"},
		{"any exec.env", "native-exec-env-mismatch", "expected a failure"},
		{"any kind", "unknown-kind", "expected a failure"},
		{"always parallel", "concurrent-refused", "got 2"},
		{"always parallel", "concurrent-false", "got 2"},
		{"never parallel", "concurrent-allowed", "sentinel(s)"},
		{"no joining", "same-activation-joins", "expected the same answer twice"},
	} {
		t.Run(tc.fault+"/"+tc.id, func(t *testing.T) {
			t.Parallel()
			err := conformance.Check(t.Context(), fakeTarget(t, tc.fault), nativeCase(t, tc.id))
			if err == nil || errors.Is(err, conformance.ErrNotChecked) {
				t.Fatalf("the fault went unnoticed: %v", err)
			}
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("expected the reason to say %q, got: %v", tc.says, err)
			}
		})
	}
}
