package dev

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/target"
)

// The author of an action that is developed is the operator too: errors name
// the server.
func TestDev_NamesTheServerInItsErrors(t *testing.T) {
	s := (&Command{Action: "hello.py", Remote: target.Remote{Server: "http://gpu-1:9000"}, Limit: time.Minute}).service()
	assert.Equal(t, "http://gpu-1:9000", s.container.UpstreamName)
}
