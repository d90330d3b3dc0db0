package clientmode_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/test/harness"
)

// incarnation is the fake's incarnation in answers that name one.
const incarnation = "6d1f0c3a-93b4-4c57-8a55-0e4b7f7f1a20"

// again reports whether the request asks for a run that was sent before.
func again(r request) bool { return r.Get(runtimespec.HeaderServer) != "" }

// linked returns a rig that reaches a fake over a wire that can be cut.
func linked(t *testing.T, run script) (*fake, *harness.Link, *rig) {
	t.Helper()
	f := newFake(t, map[string]script{"/run": run})
	link := harness.NewLink(t, f.URL)
	r := newRig(t, clientmode.Config{Upstream: link.URL, Unavailable: true})
	require.Equal(t, http.StatusOK, r.post("/init", initBody(small)).Status)
	return f, link, r
}

// answers are the fake's answers to a run, in the forms that servers use. Its
// answers to a run that is asked for again have logs too, which must not show.
var answers = map[string]script{
	"in one write": func(w http.ResponseWriter, _ request) {
		w.Header().Set(runtimespec.HeaderServer, incarnation)
		result(w, 200, `{"a":1}`, log(runtimespec.Stdout, "out\n"), log(runtimespec.Stderr, "err\n"))
	},
	"as a stream": func(w http.ResponseWriter, r request) {
		w.Header().Set(runtimespec.HeaderServer, incarnation)
		w.Header().Set("Content-Type", runtimespec.MediaFrames)
		w.(http.Flusher).Flush()
		for _, frame := range [][]byte{log(runtimespec.Stdout, "out\n"), log(runtimespec.Stderr, "err\n")} {
			_, _ = w.Write(frame)
			w.(http.Flusher).Flush()
		}
		result(w, 200, `{"a":1}`)
	},
}

// The answer is cut after each of its bytes. Before its head has passed, any
// server may have started the run; from then on its server is asked again,
// once.
func TestRun_ACutAnswerIsAskedForAgainOnceItsHeadWasSeen(t *testing.T) {
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			f, link, r := linked(t, answer)
			for n := 0; ; n++ {
				link.Cut(harness.Down, n, nil)
				before := f.count("/run")
				out, errs := len(r.stdout.String()), len(r.stderr.String())
				a := r.post("/run", runBody(strconv.Itoa(n)))
				runs := f.all("/run")[before:]
				assertLog(t, r.stdout.String()[out:], "out\n")
				assertLog(t, r.stderr.String()[errs:], "err\n")
				passed, cut := link.Passed(harness.Down)
				seen := n >= headLength(passed)
				whole := strings.Contains(passed[:min(n, len(passed))], complete)
				switch {
				case !cut: // there were fewer bytes
					assert.Equal(t, http.StatusOK, a.Status)
					require.Len(t, runs, 1)
					return
				case !seen:
					require.Equal(t, http.StatusBadGateway, a.Status, "byte %d: %s", n, a.Body)
					require.Contains(t, a.Body, "it may have run and is not sent again")
					require.Len(t, runs, 1, "byte %d", n)
				case whole:
					require.Equal(t, `{"a":1}`, a.Body)
					require.Len(t, runs, 1, "byte %d", n)
				default:
					require.Equal(t, http.StatusOK, a.Status, "byte %d: %s", n, a.Body)
					require.Equal(t, `{"a":1}`, a.Body)
					require.Len(t, runs, 2, "byte %d", n)
					assertAskedAgain(t, runs[0], runs[1])
				}
				require.False(t, again(runs[0]))
			}
		})
	}
}

// headLength returns how many bytes an answer's head has, or more than there are.
func headLength(text string) int {
	if at := strings.Index(text, "\r\n\r\n"); at >= 0 {
		return at + 4
	}
	return len(text) + 1
}

// assertLog holds that a text came at most once, whole or not at all, and then
// the sentinel.
func assertLog(t *testing.T, got, text string) {
	t.Helper()
	require.Contains(t, []string{text + runtimespec.Sentinel + "\n", runtimespec.Sentinel + "\n"}, got)
}

// assertAskedAgain holds that the same run was sent to the same server, with
// less time left.
func assertAskedAgain(t *testing.T, first, second request) {
	t.Helper()
	require.Equal(t, incarnation, second.Get(runtimespec.HeaderServer))
	require.Equal(t, first.body, second.body)
	for _, name := range []string{runtimespec.HeaderFunction, runtimespec.HeaderLease, runtimespec.HeaderActivation, "Accept"} {
		require.NotEmpty(t, first.Get(name))
		require.Equal(t, first.Get(name), second.Get(name), name)
	}
	one, err := runtimespec.Timeout(first.Header, 0)
	require.NoError(t, err)
	two, err := runtimespec.Timeout(second.Header, 0)
	require.NoError(t, err)
	require.Less(t, two, one)
}

// The request is cut after each of its bytes. The client cannot know which part
// arrived, so it never sends the request a second time.
func TestRun_ACutRequestIsNotSentAgain(t *testing.T) {
	f, link, r := linked(t, answers["in one write"])
	whole := false // the answer to a request that was cut behind its last byte may be quicker than the cut
	for n := 0; ; n++ {
		link.Cut(harness.Up, n, nil)
		before := f.count("/run")
		a := r.post("/run", runBody("a"))
		passed, cut := link.Passed(harness.Up)
		if !cut {
			assert.Equal(t, http.StatusOK, a.Status)
			return
		}
		require.LessOrEqual(t, f.count("/run")-before, 1)
		require.False(t, whole, "byte %d: a request that was not whole was answered", n-1)
		if whole = a.Status == http.StatusOK; whole {
			continue
		}
		require.Equal(t, http.StatusBadGateway, a.Status, "byte %d: %s", n, a.Body)
		require.Contains(t, a.Body, "it may have run and is not sent again")
		require.Len(t, passed, n, "nothing was sent after the cut")
	}
}
