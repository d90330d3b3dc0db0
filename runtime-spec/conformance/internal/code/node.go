package code

var nodeCode = Code{
	Echo: `
function main(args) {
    return args
}

exports.main = main
`,
	Niam: `
function niam(args) {
    return args
}
`,
	Logs: `
function main(args) {
    console.log("hello stdout")
    console.error("hello stderr")
    return args
}
`,
	Winter: `
function main(args) {
    const text = args.delimiter + " ☃ " + args.delimiter
    console.log(text)
    return { winter: text }
}
`,
	Give: `
function main(args) {
    return args.result
}
`,
	Environ: `
const seen = { SOME_VAR: process.env.SOME_VAR ?? "unset", EMPTY_VAR: process.env.EMPTY_VAR ?? "unset" }

function main(args) {
    return seen
}
`,
	Context: `
const names = ["api_host", "operator", "namespace", "action_name", "action_version",
    "activation_id", "transaction_id", "deadline", "api_key"]

function main(args) {
    return Object.fromEntries(names.map((name) => [name, process.env["__OW_" + name.toUpperCase()]]))
}
`,
	Noisy: `
function main(args) {
    for (const [stream, end] of [[process.stdout, "end of stdout\n"], [process.stderr, "end of stderr\n"]]) {
        for (let i = 0; i < 2500; i++) stream.write("o".repeat(79) + "\n")
        stream.write(end)
    }
    return {}
}
`,
	OpenEnded: `
function main(args) {
    process.stdout.write("no newline")
    process.stderr.write("no newline")
    return {}
}
`,
	Mortal: `
function main(args) {
    if (args.die) {
        console.log("last words")
        process.exit(3)
    }
    return args
}
`,
	Slow: `
const crypto = require("crypto")

async function main(args) {
    console.log("once")
    await new Promise((resolve) => setTimeout(resolve, 1000))
    return { nonce: crypto.randomUUID(), value: args }
}
`,
	Broken: `
function main(args) {
    return {
`,
	Archived: "index.js",
	// JavaScript has only float64, and writes 1.0 as 1.
	Numbers: `{"large":9007199254740991,"list":[0.1,-7,1e+30]}`,
}
