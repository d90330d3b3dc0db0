package harness

import (
	"os"
	"os/exec"
	"testing"
)

// StrictVariable makes a missing need a failure: make ci sets it.
const StrictVariable = "WHISKAWAY_TEST_STRICT"

// Needs skips a test where a program is missing, and says which.
func Needs(t testing.TB, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			Missing(t, program, "")
		}
	}
}

// Missing skips a test that cannot do without something that is not here. It
// fails instead where everything has to be here.
func Missing(t testing.TB, what, detail string) {
	t.Helper()
	if detail != "" {
		detail = ": " + detail
	}
	const says = "the test needs %s, which make deps installs%s"
	if os.Getenv(StrictVariable) != "" {
		t.Fatalf(says, what, detail)
	}
	t.Skipf(says, what, detail)
}
