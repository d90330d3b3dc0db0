package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/test/harness"
)

// What AI functions are called with passes from client to balancer to server, and
// its result comes back as far as the client's setting allows.
func TestRun_LargeArgumentsPass(t *testing.T) {
	server := harness.Server(t)
	balancer := harness.Balancer(t, server.URL)
	client := harness.Client(t, balancer.URL, "python:3", "--max-result=33554432")
	harness.Init(t, client, "def main(args):\n    return {'length': len(args['image']), 'half': args['image'][:7 << 20]}\n", nil)
	a := harness.Run(t, client, "a", harness.M{"image": strings.Repeat("i", 30<<20)})
	assert.Equal(t, http.StatusOK, a.Status)
	assert.Equal(t, float64(30<<20), harness.Field(t, a, "length"))
	assert.Len(t, harness.Field(t, a, "half"), 7<<20)

	a = harness.Run(t, client, "b", harness.M{"image": strings.Repeat("i", 33<<20)})
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.Status)
	assert.Contains(t, string(a.Body), "--max-run-body")
}
