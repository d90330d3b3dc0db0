package harness

import (
	"testing"
	"time"
)

// Receive receives, or fails the test.
func Receive[T any](t testing.TB, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(Patience):
		t.Fatal("nothing came")
	}
	return value
}
