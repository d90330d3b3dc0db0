package invoke

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

func TestFailureLog_SaysWhatItDidNotSay(t *testing.T) {
	now := time.Now()
	admit := newFailureLog().admit
	for range 15 {
		admit(function.Key{Tenant: "alice"}, now)
	}
	missed, ok := admit(function.Key{Tenant: "alice"}, now.Add(time.Minute))
	assert.True(t, ok)
	assert.Equal(t, 5, missed)
	for i := range 5000 { // tenants choose the names
		_, ok := admit(function.Key{Tenant: fmt.Sprint(i)}, now.Add(time.Duration(i)*time.Minute))
		assert.True(t, ok)
	}
}
