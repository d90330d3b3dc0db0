package invoke_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
)

func TestUntilDeadline_IsBoundedAndIgnoresThePast(t *testing.T) {
	for name, c := range map[string]struct{ in, longest, left, limit time.Duration }{
		"beyond the longest": {2 * time.Hour, time.Hour, time.Hour, time.Hour},
		"over":               {-time.Minute, time.Hour, time.Hour, time.Hour},
	} {
		left, limit := invoke.UntilDeadline(time.Now().Add(c.in), c.longest)
		assert.Equal(t, c.left, left, name)
		assert.Equal(t, c.limit, limit, name)
	}
	deadline := time.Now().Add(time.Hour)
	left, limit := invoke.UntilDeadline(deadline, 2*time.Hour)
	assert.Equal(t, 50*time.Millisecond, limit-left, "the answer arrives before the deadline")
	assert.LessOrEqual(t, limit, time.Hour)
	assert.Equal(t, time.Hour-250*time.Millisecond, invoke.InitTime(time.Hour))
	assert.Equal(t, 90*time.Millisecond, invoke.InitTime(100*time.Millisecond))
}

func TestLogBudget_SaysOnceThatItEnded(t *testing.T) {
	budget := invoke.LogBudget{Max: 4}
	assert.Equal(t, "abc", string(budget.Take([]byte("abc"))))
	assert.Equal(t, "d\nLogs were truncated because their total size exceeds the limit of 4 bytes.\n", string(budget.Take([]byte("def"))))
	assert.Empty(t, budget.Take([]byte("g")))
}
