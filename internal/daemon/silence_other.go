//go:build !linux

package daemon

import "time"

// giveUpAfter is left to the system's own patience.
func giveUpAfter(uintptr, time.Duration) error { return nil }
