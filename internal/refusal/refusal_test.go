package refusal_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestRefusal_TellsTheCauseToTheLogOnly(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.7:9000")
	r := refusal.New(runtimespec.StartFailed, "%s cannot be reached", "a server").Because(cause)
	assert.EqualError(t, r, "start-failed: a server cannot be reached: dial tcp 10.0.0.7:9000")
	assert.Equal(t, `{"error":"a server cannot be reached"}`, string(r.Body()))
	assert.NotErrorIs(t, r, cause)
}

func TestRefusal_StatusCode(t *testing.T) {
	assert.Equal(t, http.StatusServiceUnavailable, refusal.New(runtimespec.Draining, "").StatusCode())
	r := refusal.New(runtimespec.Internal, "")
	r.Status = http.StatusBadGateway
	assert.Equal(t, http.StatusBadGateway, r.StatusCode())
}

func TestRefusal_RetrySeconds(t *testing.T) {
	for after, want := range map[time.Duration]int{0: 1, time.Millisecond: 1, 1500 * time.Millisecond: 2, time.Hour: 60} {
		r := &refusal.Refusal{Reason: runtimespec.Saturated, RetryAfter: after}
		seconds, ok := r.RetrySeconds()
		assert.True(t, ok)
		assert.Equal(t, want, seconds, after)
	}
	_, ok := refusal.New(runtimespec.BadRequest, "").RetrySeconds()
	assert.False(t, ok, "the same fails again")
}
