"""Answers each run's value, over ActionLoop, as OpenWhisk's launchers do."""
import json
import os
import sys

out = os.fdopen(3, "wb")


def say(value):
    out.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")
    out.flush()


if os.environ.get("__OW_WAIT_FOR_ACK"):
    say({"ok": True})
for line in iter(sys.stdin.readline, ""):
    say(json.loads(line)["value"])
