package servermode_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// gathering is a JavaScript function whose runs leave together, once as many as the
// argument's crowd are in it. Some runs never leave.
const gathering = `
const fs = require("fs")
const here = []
async function main(args) {
    if (args.pid) return { pid: process.pid }
    console.log("came", args.n)
    if (args.stay) await new Promise(() => {})
    await new Promise((leave) => { if (here.push(leave) === args.crowd) setTimeout(() => here.splice(0).forEach((l) => l()), 5) })
    if (args.die) process.exit(3)
    console.error("left", args.n, process.env.__OW_ACTIVATION_ID)
    return { n: args.n }
}`

var concurrent = map[string]string{"__OW_ALLOW_CONCURRENT": "true"}

func nodeTarget(t *testing.T, code string, env map[string]string) target {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("the test needs a Node: ", err)
	}
	return newTarget("nodejs:default", code, env)
}

// activate runs a function as the platform does: the body also names the activation.
func (r *rig) activate(f target, id, value string) got {
	r.t.Helper()
	return r.send(runtimespec.PathRun, runHeader(f, id), fmt.Appendf(nil, `{"value":%s,"activation_id":%q}`, value, id))
}

func (r *rig) running() int {
	list := r.functions()
	n := 0
	for _, f := range list {
		for _, i := range f.Instances {
			if i.Busy {
				n++
			}
		}
	}
	return n
}

func TestServer_NodeRunsManyAtOnceInOneProcess(t *testing.T) {
	const crowd = 150
	r := newRig(t, servermode.Config{})
	f := nodeTarget(t, gathering, concurrent)
	r.mustInit(f)
	for round := range 2 {
		var all sync.WaitGroup
		for n := range crowd {
			all.Go(func() {
				id := fmt.Sprintf("%d-%d", round, n)
				a := r.activate(f, id, fmt.Sprintf(`{"n":%d,"crowd":%d}`, n, crowd))
				assert.Equal(t, http.StatusOK, a.status, a.body)
				assert.JSONEq(t, fmt.Sprintf(`{"n":%d}`, n), a.body)
				assert.Equal(t, fmt.Sprintf("came %d\n", n), a.stdout)
				assert.Equal(t, fmt.Sprintf("left %d %s\n", n, id), a.stderr)
			})
		}
		all.Wait()
		list := r.functions()
		require.Len(t, list[0].Instances, 1, "it is one process")
		assert.EqualValues(t, (round+1)*crowd, list[0].Runs)
		assert.EqualValues(t, 1, list[0].Starts)
	}
	pid := r.functions()[0].Instances[0].PID
	r.stop(f)
	r.eventually(func() bool { return !alive(pid) && len(r.folders()) == 0 })
}

func TestServer_NodeOneAtATimeUnlessAllowed(t *testing.T) {
	for _, value := range []string{"false", ""} {
		r := newRig(t, servermode.Config{})
		f := nodeTarget(t, `
let inside = 0, most = 0
async function main(args) {
    most = Math.max(most, ++inside)
    await new Promise((done) => setTimeout(done, 10))
    inside--
    return { most }
}`, map[string]string{"__OW_ALLOW_CONCURRENT": value})
		r.mustInit(f)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { assert.Equal(t, `{"most":1}`, r.run(f, "", `{}`).body) })
		}
		all.Wait()
	}
}

func TestServer_NodeConcurrencyIsBounded(t *testing.T) {
	r := newRig(t, servermode.Config{Concurrency: 4, Queue: 2})
	f := nodeTarget(t, gathering, concurrent)
	r.mustInit(f)
	var all sync.WaitGroup
	for n := range 6 {
		all.Go(func() { r.activate(f, fmt.Sprint(n), `{"stay":true}`) })
	}
	r.eventually(func() bool { return r.functions()[0].Waiting == 2 })
	a := r.activate(f, "late", `{}`)
	assert.Equal(t, runtimespec.Saturated, a.reason)
	for n := range 6 {
		h := f.header()
		h.Set(runtimespec.HeaderActivation, fmt.Sprint(n))
		r.send(runtimespec.PathStop, h, nil)
	}
	all.Wait()
}

// The end of one run is not the end of those beside it.
func TestServer_NodeCancelledAndOverdueRunsLeaveTheOthers(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := nodeTarget(t, gathering, concurrent)
	r.mustInit(f)
	first := pidOf(t, r.run(f, "", `{"pid":true}`))
	answers := make(chan got, 3)
	send := func(id, value, timeout string) {
		h := runHeader(f, id)
		if timeout != "" {
			h.Set(runtimespec.HeaderTimeout, timeout)
		}
		answers <- r.send(runtimespec.PathRun, h, []byte(`{"value":`+value+`}`))
	}
	go send("stays", `{"crowd":2,"n":1}`, "")
	go send("cancelled", `{"stay":true}`, "")
	r.eventually(func() bool { return r.functions()[0].Instances[0].Runs >= 1 && r.running() == 1 })
	go send("overdue", `{"stay":true}`, "300")
	a := <-answers
	assert.Equal(t, runtimespec.TimedOut, a.reason, a.body)
	assert.True(t, alive(first), "the others go on")

	second := pidOf(t, r.run(f, "", `{"pid":true}`))
	assert.NotEqual(t, first, second, "the process gets no new runs")
	h := f.header()
	h.Set(runtimespec.HeaderActivation, "cancelled")
	r.send(runtimespec.PathStop, h, nil)
	a = <-answers
	assert.Equal(t, runtimespec.Cancelled, a.reason, a.body)
	assert.True(t, alive(first))
	h.Set(runtimespec.HeaderActivation, "stays")
	r.send(runtimespec.PathStop, h, nil)
	assert.Equal(t, runtimespec.Cancelled, (<-answers).reason)
	r.eventually(func() bool { return !alive(first) })
	assert.Equal(t, second, pidOf(t, r.run(f, "", `{"pid":true}`)))
	assert.Len(t, r.functions()[0].Instances, 1)
}

func TestServer_NodeExitFailsAllRunsAndTheNextWorks(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := nodeTarget(t, gathering, concurrent)
	r.mustInit(f)
	var all sync.WaitGroup
	for n := range 5 {
		all.Go(func() {
			a := r.activate(f, fmt.Sprint(n), fmt.Sprintf(`{"n":%d,"crowd":5,"die":true}`, n))
			assert.Equal(t, runtimespec.Crashed, a.reason, a.body)
			assert.Equal(t, http.StatusBadRequest, a.status)
			assert.Equal(t, fmt.Sprintf("came %d\n", n), a.stdout)
		})
	}
	all.Wait()
	for n := range 20 { // several processes start at once where there is none
		all.Go(func() {
			a := r.activate(f, fmt.Sprint("next", n), fmt.Sprintf(`{"n":%d,"crowd":20}`, n))
			assert.Equal(t, http.StatusOK, a.status, a.body)
		})
	}
	all.Wait()
	assert.EqualValues(t, 2, r.functions()[0].Starts)
	assert.Len(t, r.functions()[0].Instances, 1)
}

func TestServer_NodeThrowIs502AndItsProcessStays(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := nodeTarget(t, `
function main(args) {
    if (args.throw) throw new Error("sorry")
    return { pid: process.pid }
}`, nil)
	r.mustInit(f)
	pid := pidOf(t, r.run(f, "", `{}`))
	a := r.run(f, "", `{"throw":true}`)
	assert.Equal(t, http.StatusBadGateway, a.status)
	assert.Equal(t, runtimespec.BadResult, a.reason)
	assert.Equal(t, `{"error":"An error has occurred: Error: sorry"}`, a.body)
	assert.Contains(t, a.stderr, "index.js:3")
	assert.Equal(t, pid, pidOf(t, r.run(f, "", `{}`)))
}

func TestServer_NodeIdleProcessesAreEvicted(t *testing.T) {
	r := newRig(t, servermode.Config{KeepAlive: 50 * time.Millisecond})
	f := nodeTarget(t, gathering, concurrent)
	r.mustInit(f)
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() { r.activate(f, fmt.Sprint(n), `{"crowd":10}`) })
	}
	all.Wait()
	r.eventually(func() bool { l := r.functions()[0]; return l.State == "cold" && l.Evictions >= 1 })
	assert.EqualValues(t, r.functions()[0].Starts, r.functions()[0].Evictions)
	assert.Equal(t, http.StatusOK, r.run(f, "", `{"pid":true}`).status)
}

func TestServer_NodeSaysWhichVersionAndWhatIsMissing(t *testing.T) {
	r := newRig(t, servermode.Config{NodeModules: "/no/modules"})
	f := nodeTarget(t, `const ow = require("openwhisk")`, nil)
	a := r.send(runtimespec.PathInit, runHeader(f, ""), f.body(true))
	assert.Equal(t, runtimespec.InitFailed, a.reason)
	assert.Contains(t, a.body, "Cannot find module 'openwhisk'")
	assert.Contains(t, a.stderr, "There is no 'openwhisk' in the action's archive, and none on the server's host (/no/modules)")
	assert.Contains(t, a.stderr, "npm install -g openwhisk")
	f.spec.Kind = "nodejs:6"
	a = r.init(f)
	assert.Equal(t, runtimespec.UnsupportedKind, a.reason)
	assert.Contains(t, a.body, "this server has Node ")
}

func TestServer_NodeThatTheOwnerNamedHasToWork(t *testing.T) {
	s := servermode.New(servermode.Config{Listen: "127.0.0.1:0", StateDir: harness.StateDir(t), Node: "/no/such/node"})
	err := s.Start()
	assert.ErrorContains(t, err, "--node: no Node that a function could run")
	assert.NoError(t, s.Stop(context.Background()))
}

func TestServer_NodeResultOverTheLimitIsAnApplicationError(t *testing.T) {
	r := newRig(t, servermode.Config{MaxResult: 1 << 20})
	f := nodeTarget(t, `const main = ({ n }) => ({ x: "x".repeat(n) })`, concurrent)
	r.mustInit(f)
	a := r.run(f, "", `{"n":3000000}`)
	assert.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, "exceeded the allowed length")
	assert.True(t, strings.HasPrefix(r.run(f, "", `{"n":3}`).body, `{"x":"xxx"}`))
}

// A package's install scripts do not run as a user that matters. They run as the
// build's own user, where there is one, and not as that of the function.
func TestServer_NodeInstallScriptsRunAsTheBuildsUser(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("the test needs npm")
	}
	r := newRig(t, servermode.Config{})
	f := nodeTarget(t, harness.Zip(t, map[string]string{
		"package.json": `{"scripts":{"postinstall":"id -u >built"}}`,
		".npmrc":       "# of the author alone\n",
		"index.js": `const fs = require("fs")
exports.main = () => {
    let wrote = true
    try { fs.writeFileSync("built", "") } catch { wrote = false }
    return { built: +fs.readFileSync("built", "utf8"), runs: process.getuid(), wrote, home: process.cwd() === __dirname, npmrc: fs.existsSync(".npmrc") }
}`,
	}), nil)
	f.spec.Binary = true
	r.mustInit(f)
	var seen struct {
		Built, Runs        int
		Wrote, Home, Npmrc bool
	}
	answer := r.run(f, "", `{}`)
	require.NoError(t, json.Unmarshal([]byte(answer.body), &seen), answer.body)
	assert.True(t, seen.Home)
	assert.False(t, seen.Npmrc, "it is the build's alone")
	if os.Getuid() == 0 {
		assert.NotZero(t, seen.Built)
		assert.NotEqual(t, seen.Built, seen.Runs)
		assert.False(t, seen.Wrote, "others run there, too")
	}
}
