package clientmode_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Runs at once share the container's streams; each one's log is in one piece,
// with its sentinel behind it.
func TestRun_LogsOfRunsAtOnceStayApart(t *testing.T) {
	reached, release := make(chan struct{}, 8), make(chan struct{})
	f := newFake(t, map[string]script{"/run": func(w http.ResponseWriter, r request) {
		w.Header().Set("Content-Type", runtimespec.MediaFrames)
		id := r.Header.Get(runtimespec.HeaderActivation)
		_, _ = w.Write(log(runtimespec.Stdout, id+" begins\n"))
		_ = http.NewResponseController(w).Flush()
		if id == "a" {
			reached <- struct{}{}
			<-release
		}
		result(w, 200, `{}`, log(runtimespec.Stdout, id+" ends"))
	}})
	r := ready(t, f, clientmode.Config{Environ: []string{"__OW_ALLOW_CONCURRENT=true"}})
	a := r.async("/run", runBody("a"))
	wait(t, reached)
	for range 20 { // by then a's first words have long come
		r.post("/run", runBody("b"))
	}
	close(release)
	wait(t, a)
	one := func(id string) string { return id + " begins\n" + id + " ends\n" + runtimespec.Sentinel + "\n" }
	assert.Equal(t, strings.Repeat(one("b"), 20)+one("a"), r.stdout.String())
	r.sentinels(21)
}
