package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// The connection breaks after each byte of the answer. Once its head has
// passed, callers notice nothing.
func TestRun_CutAnswersAreExecutedOnce(t *testing.T) {
	o := newOnce(t)
	for n := 0; ; n++ {
		id := fmt.Sprintf("down-%d", n)
		o.link.Cut(harness.Down, n, nil)
		a := receive(t, o.run(id, nil))
		o.check(id, a)
		if headPassed(o.link, n) {
			require.Equal(t, http.StatusOK, a.Status, "cut after byte %d: %s", n, a.Body)
		}
		if _, cut := o.link.Passed(harness.Down); !cut {
			o.settled("down-%d", n)
			return
		}
	}
}

// The same with runs that are in flight when their connection breaks: those
// that are asked for again join the run in flight.
func TestRun_CutWhileTheyRunAreExecutedOnce(t *testing.T) {
	o := newOnce(t)
	joined := 0
	for n := 0; ; n += 3 {
		id := fmt.Sprintf("slow-%d", n)
		o.link.Cut(harness.Down, n, nil)
		answer := o.run(id, harness.M{"hold": "after"})
		o.held(id, "after")
		harness.Eventually(t, func() bool { // its log is on its way
			passed, cut := o.link.Passed(harness.Down)
			return cut || strings.Contains(passed, "out "+id+"\n")
		}, "the log comes, or the connection breaks")
		if _, cut := o.link.Passed(harness.Down); cut && headPassed(o.link, n) {
			o.askedAgain()
			joined++
		}
		o.release()
		a := receive(t, answer)
		o.check(id, a)
		if headPassed(o.link, n) {
			require.Equal(t, http.StatusOK, a.Status, "cut after byte %d: %s", n, a.Body)
		}
		if _, cut := o.link.Passed(harness.Down); !cut {
			assert.Positive(t, joined)
			o.settled("slow-%d", n)
			return
		}
	}
}

// The connection breaks within the request: a request that did not arrive whole
// is not executed, and no part of it is sent twice.
func TestRun_CutRequestsAreExecutedAtMostOnce(t *testing.T) {
	o := newOnce(t)
	for n := 0; ; n++ {
		id := fmt.Sprintf("up-%03d", n)
		o.link.Cut(harness.Up, n, nil)
		a := receive(t, o.run(id, nil))
		o.check(id, a)
		passed, cut := o.link.Passed(harness.Up)
		if !cut {
			assert.Equal(t, http.StatusOK, a.Status)
			o.settled("up-%03d", n)
			for whole := range n - 1 { // the length of a request
				require.Zero(t, o.executed(fmt.Sprintf("up-%03d", whole)))
			}
			return
		}
		require.Len(t, passed, n, "nothing follows")
		if a.Status == http.StatusOK { // all had arrived, and the answer was quicker than the cut
			require.Equal(t, 1, o.executed(id), "cut after byte %d", n)
			continue
		}
		require.Equal(t, http.StatusBadGateway, a.Status, "cut after byte %d: %s", n, a.Body)
	}
}

// settled holds that none of n runs was executed twice, once the server has
// finished them all.
func (o *once) settled(format string, n int) {
	o.t.Helper()
	require.NoError(o.t, o.server.Signal(syscall.SIGTERM))
	for i := range n + 1 {
		id := fmt.Sprintf(format, i)
		require.LessOrEqual(o.t, o.executed(id), 1, id)
	}
}
