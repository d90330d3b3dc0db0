package clientmode_test

import (
	"testing"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// The platform takes a container for dead whose answer has no Content-Length.
func TestClient_EveryAnswerHasALength(t *testing.T) {
	r := newRig(t, clientmode.Config{LogSettle: -1})
	harness.Lengths(t, "http://"+r.Addr(), "/", "/foo", "/init", "/run", "/healthz", "/readyz")
}
