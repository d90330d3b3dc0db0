package code

var PythonCode = Code{
	Echo: `
def main(args):
    return args
`,
	Niam: `
def niam(args):
    return args
`,
	Logs: `
import sys

def main(args):
    print("hello stdout")
    print("hello stderr", file=sys.stderr)
    return args
`,
	Winter: `
def main(args):
    text = args["delimiter"] + " ☃ " + args["delimiter"]
    print(text)
    return {"winter": text}
`,
	Give: `
def main(args):
    return args["result"]
`,
	Environ: `
import os

some = os.environ.get("SOME_VAR", "unset")
empty = os.environ.get("EMPTY_VAR", "unset")

def main(args):
    return {"SOME_VAR": some, "EMPTY_VAR": empty}
`,
	Context: `
import os

names = ["api_host", "operator", "namespace", "action_name", "action_version",
         "activation_id", "transaction_id", "deadline", "api_key"]

def main(args):
    return {name: os.environ.get("__OW_" + name.upper()) for name in names}
`,
	Noisy: `
import sys

def main(args):
    for stream, end in ((sys.stdout, "end of stdout\n"), (sys.stderr, "end of stderr\n")):
        for _ in range(2500):
            stream.write("o" * 79 + "\n")
        stream.write(end)
    return {}
`,
	OpenEnded: `
import sys

def main(args):
    sys.stdout.write("no newline")
    sys.stderr.write("no newline")
    return {}
`,
	Mortal: `
import os

def main(args):
    if "die" in args:
        print("last words", flush=True)
        os._exit(3)
    return args
`,
	Slow: `
import time, uuid

def main(args):
    print("once")
    time.sleep(1)
    return {"nonce": uuid.uuid4().hex, "value": args}
`,
	Broken: `
def main(args):
    return {
`,
	Archived: "__main__.py",
}
