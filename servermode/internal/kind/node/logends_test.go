package node_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
)

// Code that ends the log like any other stream is told that it has ended. Later code
// can still print, because the log is never closed.
func TestNodeLauncher_LogsCanBeEnded(t *testing.T) {
	for name, c := range map[string]struct{ body, log string }{
		"pipeline":         {`await pipeline(Readable.from(["a\n", "b\n"]), process.stdout)`, "a\nb\n"},
		"large pipeline":   {`await pipeline(Readable.from(Array(50).fill("x".repeat(50000))), process.stdout)`, strings.Repeat("x", 2_500_000)},
		"two pipelines":    {`await Promise.all(["a\n", "b\n"].map((s) => pipeline(Readable.from([s]), process.stdout)))`, "a\nb\n"},
		"generator":        {`await pipeline(async function* () { yield "a\n"; yield "b\n" }, process.stdout)`, "a\nb\n"},
		"transform":        {`await pipeline(Readable.from(["a\n"]), zlib.createGzip(), zlib.createGunzip(), process.stdout)`, "a\n"},
		"callback":         {`await new Promise((done) => stream.pipeline(Readable.from(["a\n"]), process.stdout, done))`, "a\n"},
		"file":             {`await pipeline(fs.createReadStream(__filename), process.stdout)`, "\x00"},
		"broken pipeline":  {`await pipeline(new Readable({ read() { this.destroy(new Error("no")) } }), process.stdout).catch((e) => console.log(e.message))`, "no\n"},
		"finished":         {`const over = finished(process.stdout); process.stdout.end("a\n"); await over`, "a\n"},
		"finished by end":  {`setTimeout(() => process.stdout.end(), 5); await finished(process.stdout)`, ""},
		"destroyed":        {`const over = finished(process.stdout).catch((e) => console.log(e.code)); process.stdout.destroy(); await over`, "ERR_STREAM_PREMATURE_CLOSE\n"},
		"destroyed, error": {`process.stdout.destroy(new Error("mine")); await once(process.stdout, "close").catch(() => {})`, ""},
		"finish":           {`process.stdout.end("a\n", "utf8"); await once(process.stdout, "finish")`, "a\n"},
		"close":            {`process.stdout.end(); await once(process.stdout, "close")`, ""},
		"end":              {`await new Promise((done) => process.stdout.end("a\n", done)); await new Promise((done) => process.stdout.end(done))`, "a\n"},
		"order":            {`process.stdout.once("finish", () => console.log("finish")); await new Promise((done) => { process.stdout.write("a\n", () => console.log("written")); process.stdout.end(() => { console.log("ended"); setImmediate(done) }) })`, "a\nwritten\nended\nfinish\n"},
		"write":            {`await new Promise((done) => process.stdout.write("a\n", done)); await promisify(process.stdout.write).call(process.stdout, "b\n")`, "a\nb\n"},
		"drain":            {`if (!process.stdout.write("x".repeat(1e6))) await once(process.stdout, "drain")`, strings.Repeat("x", 1_000_000)},
		"console":          {`const c = new console.Console(process.stdout, process.stderr); c.log("%d", 1); process.stdout.end(); c.log("two")`, "1\ntwo\n"},
		"pipe":             {`const r = Readable.from(["a\n"]); r.pipe(process.stdout); await once(r, "end")`, "a\n"},
		"pipe of a child":  {`const c = spawn("echo", ["child"]); c.stdout.pipe(process.stdout, { end: true }); await once(c, "close")`, "child\n"},
		"pipe goes on":     {`const r = new PassThrough(); r.pipe(process.stdout); r.write("a\n"); await new Promise((done) => process.stdout.end(done)); r.end("b\n"); await once(r, "end")`, "a\nb\n"},
		"web stream":       {`const w = Writable.toWeb(process.stdout).getWriter(); await w.write("a\n"); await w.close()`, "a\n"},
		"handed to child":  {`await once(spawn("echo", ["child"], { stdio: ["ignore", process.stdout, "inherit"] }), "close")`, "child\n"},
		"worker":           {`await once(new Worker("console.log('worker'); console.error('too')", { eval: true }), "exit")`, "worker\ntoo\n"},
		"standard error":   {`await pipeline(Readable.from(["a\n"]), process.stderr)`, "a\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, vars map[string]string) {
				source := logEnder(c.body)
				want := c.log
				if want == "\x00" {
					want = source
				}
				p := jsAction(t, source, vars)
				for range 2 {
					result, log := kindtest.Answers(t, p, `{}`)
					assert.Equal(t, `{"over":true}`, result)
					if name == "worker" {
						assert.ElementsMatch(t, strings.SplitAfter(want, "\n"), strings.SplitAfter(log, "\n"))
					} else {
						assert.True(t, want == log, "%.200q", log)
					}
				}
				_, log := kindtest.Answers(t, p, `{"value":{"say":"later\n"}}`)
				assert.Equal(t, "later\n", log)
			})
		})
	}
}

func logEnder(body string) string {
	return `
const fs = require("fs"), stream = require("stream"), zlib = require("zlib")
const { spawn } = require("child_process"), { once } = require("events"), { promisify } = require("util"), { Worker } = require("worker_threads")
const { PassThrough, Readable, Writable } = stream, { finished, pipeline } = require("stream/promises")
async function main(args) {
    if (args.say) return console.log(args.say.trim())
    ` + body + `
    return { over: true }
}`
}

// Text as an ES module gets the same streams.
func TestNodeLauncher_LogsCanBeEndedByModules(t *testing.T) {
	bothWays(t, func(t *testing.T, vars map[string]string) {
		p := jsAction(t, `
import { stdout } from "node:process"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
export async function main() {
    await pipeline(Readable.from(["a\n"]), stdout)
    console.log("b")
    return {}
}`, vars)
		for range 2 {
			_, log := kindtest.Answers(t, p, `{}`)
			assert.Equal(t, "a\nb\n", log)
		}
	})
}

// Of runs that overlap, each ends only its own log. What the others pipe goes on to
// its end, and no run is told of another run's end.
func TestNodeLauncher_EndsOfLogsAreEachRunsOwn(t *testing.T) {
	const runs = 30
	dir := t.TempDir()
	p := jsAction(t, logEnder(`
    const { n } = args
    const told = []
    if (n === 0) { // it stays until the others are over, and ends the log last
        process.stdout.on("finish", () => told.push("finish"))
        while (fs.readdirSync("`+dir+`").length < args.runs - 1) await new Promise((done) => setTimeout(done, 1))
        if (told.length) throw new Error("told of an end that is another's")
    }
    const lines = Array.from({ length: 20 }, (_, i) => n + " " + i + " " + "x".repeat(5000) + "\n")
    const slowly = async function* () { for (const line of lines) { await new Promise(setImmediate); yield line } }
    if (n % 3 === 0) await pipeline(slowly, process.stdout)
    if (n % 3 === 1) await pipeline(Readable.from(slowly()), process.stdout)
    if (n % 3 === 2) { const r = Readable.from(slowly()); r.pipe(process.stdout); await once(r, "end") }
    fs.writeFileSync("`+dir+`/" + n, "")`), concurrent)
	var all sync.WaitGroup
	for n := range runs {
		all.Go(func() {
			result, log, err := kindtest.Run(t, p, fmt.Sprintf(`{"value":{"n":%d,"runs":%d}}`, n, runs))
			assert.NoError(t, err)
			assert.Equal(t, `{"over":true}`, result)
			want := ""
			for i := range 20 {
				want += fmt.Sprintf("%d %d %s\n", n, i, strings.Repeat("x", 5000))
			}
			assert.True(t, want == log, "run %d: %.100q, %d of %d bytes", n, log, len(log), len(want))
		})
	}
	all.Wait()
	_, err := os.Stat(dir + "/0")
	assert.NoError(t, err)
}

// A listener for drain is called in the run that added it.
func TestNodeLauncher_ADrainBelongsToItsRun(t *testing.T) {
	p := jsAction(t, `
const here = []
async function main({ n }) {
    await new Promise((leave) => { if (here.push(leave) === 10) for (const leave of here.splice(0)) leave() })
    await new Promise((done) => {
        const more = () => { console.log("after", n); done() }
        if (process.stdout.write("x".repeat(100000) + "\n")) more()
        else process.stdout.once("drain", more)
    })
    return { n }
}`, concurrent)
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() {
			_, log, err := kindtest.Run(t, p, fmt.Sprintf(`{"value":{"n":%d}}`, n))
			assert.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("\nafter %d\n", n), strings.TrimLeft(log, "x"))
		})
	}
	all.Wait()
}
