package node_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

func TestNodeLauncher_ManyAtOnce(t *testing.T) {
	const runs = 150
	p := jsAction(t, `
let here = []
async function main({ n }) {
    console.log("came", n)
    await new Promise((leave) => { if (here.push(leave) === 150) for (const leave of here) leave() })
    for (let i = 0; i < 5; i++) {
        await new Promise((done) => setTimeout(done, Math.random() * 5))
        console.error("step", n, process.env.__OW_ACTIVATION_ID)
    }
    if (n % 3 === 0) throw new Error("n is " + n)
    return { n }
}`, concurrent)
	var all sync.WaitGroup
	for n := range runs {
		all.Go(func() {
			result, log, err := kindtest.Run(t, p, fmt.Sprintf(`{"value":{"n":%d},"activation_id":"id%d"}`, n, n))
			assert.NoError(t, err)
			want := fmt.Sprintf(`{"n":%d}`, n)
			if n%3 == 0 {
				want = fmt.Sprintf(`{"error":{"name":"Error","message":"n is %d","stack":"Error: n is %d\n`, n, n)
			}
			assert.True(t, strings.HasPrefix(result, want), result)
			assert.Equal(t, fmt.Sprintf("came %d\n", n)+strings.Repeat(fmt.Sprintf("step %d id%d\n", n, n), 5), log)
		})
	}
	all.Wait()
	assert.True(t, p.Alive())
}

// An uncaught error fails the run that it comes from, and no other.
func TestNodeLauncher_StrayErrorsHaveAnOwner(t *testing.T) {
	p := jsAction(t, `
async function main({ n, throws }) {
    await new Promise((done) => setTimeout(done, 20))
    if (throws === "callback") setTimeout(() => { throw new Error("stray " + n) }, 1)
    if (throws === "promise") Promise.resolve().then(() => { throw new Error("stray " + n) })
    await new Promise((done) => setTimeout(done, 50))
    return { n }
}`, concurrent)
	var all sync.WaitGroup
	for n := range 12 {
		all.Go(func() {
			throws := []string{"", "callback", "promise"}[n%3]
			result, log, err := kindtest.Run(t, p, fmt.Sprintf(`{"value":{"n":%d,"throws":%q}}`, n, throws))
			if throws == "" {
				assert.NoError(t, err)
				assert.Equal(t, fmt.Sprintf(`{"n":%d}`, n), result)
				assert.Empty(t, log)
				return
			}
			var thrown *process.ThrownError
			if assert.ErrorAs(t, err, &thrown) {
				assert.Equal(t, fmt.Sprintf("An error has occurred: Error: stray %d", n), thrown.Message)
			}
			assert.Contains(t, log, fmt.Sprintf("Error: stray %d\n", n))
		})
	}
	all.Wait()
	assert.True(t, p.Alive())
}

func TestNodeLauncher_ActionsOwnHandlersGoFirst(t *testing.T) {
	p := jsAction(t, `
process.on("uncaughtException", (error) => console.log("handled", error.message))
function main() {
    return new Promise((done) => { setTimeout(() => { throw new Error("mine") }, 1); setTimeout(done, 30, { fine: 1 }) })
}`, nil)
	result, log := kindtest.Answers(t, p, `{}`)
	assert.Equal(t, `{"fine":1}`, result)
	assert.Equal(t, "handled mine\n", log)
}
