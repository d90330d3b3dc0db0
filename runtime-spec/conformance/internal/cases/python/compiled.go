package python

import (
	"context"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/archive"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// compiledExec and compiledLauncher stand for the files that the platform's
// runtimes put beside main__.py when they compile an action. They run it over
// ActionLoop.
const compiledExec = `#!/bin/bash
cd "$(dirname "$0")"
exec /usr/local/bin/python exec__.py
`

const compiledLauncher = `
import json, os, sys

activate = "virtualenv/bin/activate_this.py"
with open(activate) as source:
    exec(compile(source.read(), activate, "exec"), {"__file__": os.path.abspath(activate)})
from main__ import MAIN as main

answers = os.fdopen(3, "w")
if os.environ.get("__OW_WAIT_FOR_ACK"):
    print('{"ok":true}', file=answers, flush=True)
for line in sys.stdin:
    print(json.dumps(main(json.loads(line)["value"])), file=answers, flush=True)
`

const compiledMain = `
import os, plates

def answer(name):
    return {"plate": plates.number, "main": name, "interpreter": os.readlink("virtualenv/bin/python")}

def main(args):
    return answer("main")

def naim(args):
    return answer("naim")
`

func compiled(main string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		code := archive.Zip(append(virtualenvFiles(),
			archive.File{Name: "exec", Body: compiledExec, Mode: 0o755},
			archive.File{Name: "exec__.py", Body: strings.ReplaceAll(compiledLauncher, "MAIN", main)},
			archive.File{Name: "main__.py", Body: compiledMain},
			archive.Link("virtualenv/bin/python", "/usr/local/bin/python"))...)
		return s.InitGives(ctx, code, `{}`, `{"plate":"XYZ 123","main":"`+main+`","interpreter":"/usr/local/bin/python"}`)
	}
}
