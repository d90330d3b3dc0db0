#!/usr/bin/python3
import json, os, sys

out = os.fdopen(3, "wb", 0)
print("loaded", flush=True)
for line in sys.stdin:
    value = json.loads(line).get("value", {})
    do = value.get("do") if isinstance(value, dict) else None
    print("to stdout:", do, flush=True)
    print("to stderr: é", file=sys.stderr, flush=True)
    if do == "exit":
        os._exit(3)
    answers = {"scalar": '"text"', "error": '{"error":"sorry"}', "list": "[1,9007199254740993]"}
    answer = answers.get(do) or json.dumps({
        "line": line, "secret": os.environ.get("SECRET"), "big": 9007199254740993, "pid": os.getpid(),
    })
    out.write(answer.encode() + b"\n")
