package clientmode

import (
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// LimitOf returns the action's limit of which left was left at arrival.
func LimitOf(left time.Duration) time.Duration { return limitOf(left) }

// Times returns what a server is told of the time left, and when the client answers.
func Times(left, grace, settle time.Duration) (server, client time.Duration) {
	client = left - ownTime(left, settle)
	return serverTime(client, grace), client
}

// Certain reports whether an error is certain to come again.
func Certain(err error) bool { return hopeless(err) }

// Cause returns what an author is told of an error.
func Cause(err error) string { return cause(err) }

// Answered is the failure of a request that was refused for now.
func Answered(reason runtimespec.Reason) error { return answered(reason) }
