package outcome_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

func TestRefusal_OfEachError(t *testing.T) {
	own := refusal.New(runtimespec.Forbidden, "no")
	for _, c := range []struct {
		err    error
		reason runtimespec.Reason
		says   string
	}{
		{fmt.Errorf("run: %w", own), runtimespec.Forbidden, "no"},
		{activation.ErrFull, runtimespec.TableFull, activation.ErrFull.Error()},
		{activation.ErrUnknown, runtimespec.UnknownActivation, activation.ErrUnknown.Error()},
		{activation.ErrResultGone, runtimespec.ResultGone, activation.ErrResultGone.Error()},
		{activation.ErrCancelled, runtimespec.Cancelled, "The activation was cancelled and the action ended."},
		{activation.Overdue{Limit: time.Second}, runtimespec.TimedOut, "The action exceeded its time limits of 1000 milliseconds."},
		{&function.SaturatedError{}, runtimespec.Saturated, (&function.SaturatedError{}).Error()},
		{&kind.ActionError{Message: "it does not compile", Log: "line 1"}, runtimespec.InitFailed, "it does not compile"},
		{fmt.Errorf("%w: %w", host.ErrStart, errors.New("/var/lib")), runtimespec.StartFailed, host.ErrStart.Error() + ": /var/lib"},
		{fmt.Errorf("%w: %w", host.ErrStart, syscall.ENOSPC), runtimespec.HostFailed, "the function could not be started: " + host.Fault(syscall.ENOSPC)},
		{process.ErrExited, runtimespec.Crashed, "command exited"},
		{errors.New("a secret path"), runtimespec.Internal, "internal error; the server's log says more"},
	} {
		r := outcome.Refusal(c.err)
		assert.Equal(t, c.reason, r.Reason, c.err)
		assert.Equal(t, c.says, r.Message, c.err)
	}
}

func TestRemembered_WhatWasNotStartedIsNot(t *testing.T) {
	_, remember := outcome.Remembered(function.ErrSaturated)
	assert.False(t, remember)
	kept, remember := outcome.Remembered(fmt.Errorf("it ended: %w", process.ErrExited))
	assert.True(t, remember)
	assert.Equal(t, refusal.New(runtimespec.Crashed, "command exited"), kept)
}

func TestOf_SortsRuns(t *testing.T) {
	for _, c := range []struct {
		result string
		err    error
		want   outcome.Outcome
	}{
		{`{}`, nil, outcome.OK},
		{`{"error":1}`, nil, outcome.ApplicationError},
		{"", &process.ThrownError{Message: "sorry"}, outcome.ApplicationError},
		{"", process.ErrExited, outcome.Crashed},
		{"", activation.ErrShutdown, outcome.Cancelled},
		{"", activation.Overdue{}, outcome.TimedOut},
		{"", context.Canceled, outcome.Error},
	} {
		assert.Equal(t, c.want, outcome.Of([]byte(c.result), c.err), "%s %v", c.result, c.err)
	}
}

func TestResult_IsThePlatforms(t *testing.T) {
	result, err := outcome.Result(nil, fmt.Errorf("%w: 9 > 8 bytes", process.ErrTooLarge))
	assert.NoError(t, err)
	assert.Contains(t, string(result), "The action produced a response that exceeded the allowed length: ")
	_, err = outcome.Result(nil, codestore.ErrMissing)
	assert.Equal(t, runtimespec.UnknownFunction, outcome.Refusal(err).Reason, "its caller sends the init again")
	_, err = outcome.Result([]byte(`1`), nil)
	assert.Equal(t, runtimespec.BadResult, outcome.Refusal(err).Reason)
	result, err = outcome.Foreign(make([]byte, 1<<20+1), nil)
	assert.NoError(t, err)
	assert.Contains(t, string(result), "1048577 > 1048576 bytes")
}
