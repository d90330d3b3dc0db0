package node_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

func TestNodeLauncher_LogsAreWhole(t *testing.T) {
	bothWays(t, func(t *testing.T, vars map[string]string) {
		p := jsAction(t, `
function main(args) {
    console.log("o".repeat(300000))
    process.stdout.write(Buffer.from("raw\n"), () => {})
    process.stdout.cork(); process.stdout.write("corked\n"); process.stdout.end("ended\n"); process.stdout.destroy()
    console.error("still there")
    console.log("%s!", "last")
    if (args.exit) process.exit(1)
    return {}
}`, vars)
		want := strings.Repeat("o", 300000) + "\nraw\ncorked\nended\nlast!\n"
		for range 2 {
			_, log := kindtest.Answers(t, p, `{}`)
			assert.Contains(t, log, "still there\n")
			assert.True(t, strings.Replace(log, "still there\n", "", 1) == want, "%d bytes", len(log))
		}
		_, log, err := kindtest.Run(t, p, `{"value":{"exit":1}}`)
		require.ErrorIs(t, err, process.ErrExited)
		assert.True(t, strings.Replace(log, "still there\n", "", 1) == want, "%d bytes", len(log))
	})
}

func TestNodeLauncher_LogsOfOthersAreKept(t *testing.T) {
	bothWays(t, func(t *testing.T, vars map[string]string) {
		dir := t.TempDir()
		p := jsAction(t, `
const fs = require("fs")
const { spawnSync } = require("child_process")
console.log("loaded")
function main(args) {
    spawnSync("echo", ["child"], { stdio: "inherit" })
    fs.writeSync(1, "bare\n")
    if (args.later) {
        const look = setInterval(() => {
            if (!fs.existsSync("`+dir+`/go")) return
            clearInterval(look)
            console.log("late")
            fs.writeFileSync("`+dir+`/late", "")
        }, 1)
    }
    return {}
}`, vars)
		_, log := kindtest.Answers(t, p, `{"value":{"later":true}}`)
		assert.Equal(t, "loaded\nchild\nbare\n", log)
		require.NoError(t, os.WriteFile(dir+"/go", nil, 0o600))
		require.Eventually(t, func() bool { _, err := os.Stat(dir + "/late"); return err == nil }, 20*time.Second, time.Millisecond)
		_, log = kindtest.Answers(t, p, `{}`)
		assert.Equal(t, "late\nchild\nbare\n", log)
	})
}

// The action cannot reach the channel, and its children have none of it.
func TestNodeLauncher_ChannelIsOutOfReach(t *testing.T) {
	bothWays(t, func(t *testing.T, vars map[string]string) {
		p := jsAction(t, `
const fs = require("fs")
const { execSync } = require("child_process")
async function main(args) {
    try { fs.writeSync(3, "{}\n") } catch {}
    try { fs.closeSync(3) } catch {}
    process.stdin.on("data", () => { throw new Error("it can read requests") })
    if (!process.stdin.readableEnded) await new Promise((done) => process.stdin.on("end", done))
    const child = execSync("ls /proc/self/fd | wc -l", { stdio: ["inherit", "pipe", "inherit"] }).toString().trim()
    fs.writeSync = JSON.stringify = JSON.parse = () => { throw new Error("replaced") }
    return { child }
}`, vars)
		for range 2 {
			result, _ := kindtest.Answers(t, p, `{}`)
			assert.Equal(t, `{"child":"4"}`, result, "0, 1, 2 and the folder's own")
		}
	})
}
