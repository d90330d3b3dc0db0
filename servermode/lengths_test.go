package servermode_test

import (
	"testing"

	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// A server is also the container of callers that know only the platform's contract.
// Metrics, which none of these reads, and runs' frames are streamed.
func TestServer_EveryAnswerHasALength(t *testing.T) {
	r := newRig(t, servermode.Config{})
	harness.Lengths(t, "http://"+r.Addr(), "/", "/foo", "/init", "/run", "/stop", "/functions", "/healthz", "/readyz")
}
