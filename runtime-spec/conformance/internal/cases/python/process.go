package python

import (
	"context"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// processCases returns the cases about the surroundings of a process.
func processCases() []session.Spec {
	return []session.Spec{
		{ID: "python-user-has-a-name", Own: true, Run: gives(`
import getpass, os, pwd

def main(args):
    return {"same": getpass.getuser() == pwd.getpwuid(os.getuid()).pw_name, "home": os.access(os.path.expanduser("~"), os.W_OK)}
`, `{"same":true,"home":true}`),
			Behaviour: `getpass.getuser() and pwd.getpwuid(os.getuid()) give the user's name, and "~" can be written to`},
		{ID: "python-multiprocessing-spawn", Own: true, Run: gives(doubles("spawn"), `{"all":[2,4,6]}`),
			Behaviour: `a pool of spawned processes runs a function of the action's main module`},
		{ID: "python-multiprocessing-forkserver", Own: true, Run: gives(doubles("forkserver"), `{"all":[2,4,6]}`),
			Behaviour: `the same with a fork server, Python 3.14's default`},
		{ID: "python-replaced-json", Own: true, Run: gives(`
import json

json.dumps = lambda *a, **k: "falsified"
json.loads = lambda *a, **k: {"value": {"falsified": True}}

def main(args):
    return args
`, `{"some":"argument"}`),
			Behaviour: `an action that replaces json.dumps and json.loads still gets its arguments and gives its result`},
	}
}

// doubles returns an action that doubles numbers in other processes.
func doubles(method string) string {
	return `
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

class Number:
    def __init__(self, value):
        self.value = value

def double(number):
    return Number(2 * number.value)

def main(args):
    context = multiprocessing.get_context("` + method + `")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        return {"all": [n.value for n in pool.map(double, map(Number, [1, 2, 3]))]}
`
}

// gives expects a run to return result, whatever its argument is. An action
// that returns its argument gets it.
func gives(code, result string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		return s.InitGives(ctx, session.Source(code), result, result)
	}
}
