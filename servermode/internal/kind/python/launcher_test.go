package python_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// launch starts code as a server does.
func launch(t *testing.T, code kind.Code, main string, env ...string) (*process.Process, *kindtest.Logs, error) {
	t.Helper()
	p := kindtest.Python
	if forking != nil {
		p = func(*testing.T) *python.Kind { return forking.python }
	}
	command, err := p(t).Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, code, main)
	require.NoError(t, err)
	out := &kindtest.Logs{}
	if forking != nil {
		proc, err := forking.start(t, command, out, env)
		return proc, out, err
	}
	proc, err := kindtest.TryStart(t, command, out, env...)
	return proc, out, err
}

// action is a launched source file with a function main.
func action(t *testing.T, source string, env ...string) *process.Process {
	t.Helper()
	p, out, err := launch(t, kind.Code(source), "main", env...)
	require.NoError(t, err, out)
	return p
}

func TestLauncher_ContextIsEachRunsOwn(t *testing.T) {
	p := action(t, `
import os
def main(args):
    return {k: v for k, v in os.environ.items() if k.startswith("__OW_") and k != "__OW_WAIT_FOR_ACK"}`,
		"__OW_API_HOST=https://host", "__OW_ACTION_NAME=/ns/initial")
	first, _ := kindtest.Answers(t, p, `{"value":{},"activation_id":"1","action_name":"/ns/run","api_host":"other","extra":{"a":[1]},"none":null,"n\u0000ul":"x","nul":"\u0000","half":"\ud800","a=b":"x"}`)
	assert.JSONEq(t, `{"__OW_ACTIVATION_ID":"1","__OW_ACTION_NAME":"/ns/run","__OW_API_HOST":"other","__OW_EXTRA":"{\"a\": [1]}","__OW_NONE":"null"}`, first)
	second, _ := kindtest.Answers(t, p, `{"value":{},"activation_id":"2"}`)
	assert.JSONEq(t, `{"__OW_ACTIVATION_ID":"2","__OW_API_HOST":"https://host","__OW_ACTION_NAME":"/ns/initial"}`, second)
}

func TestLauncher_Arguments(t *testing.T) {
	p := action(t, `def main(args): return {"got": args}`)
	for line, want := range map[string]string{
		`{"value":{"a":"❄ ☃ ❄"}}`: `{"got": {"a": "❄ ☃ ❄"}}`, `{"value":[1,2]}`: `{"got": [1, 2]}`,
		`{}`: `{"got": {}}`, `null`: `{"got": {}}`, `{"value":null}`: `{"got": {}}`,
		`{"value":{"n":123456789012345678901234567890}}`: `{"got": {"n": 123456789012345678901234567890}}`,
	} {
		result, _ := kindtest.Answers(t, p, line)
		assert.Equal(t, want, result)
	}
	for _, line := range []string{`{"value":`, `[1]`, `"text"`} {
		result, _ := kindtest.Answers(t, p, line)
		assert.Contains(t, result, `{"error": `)
	}
}

func TestLauncher_DeepArgument(t *testing.T) {
	p := action(t, `def main(args): return {"ok": 1}`)
	for _, depth := range []int{2000, 10_000} {
		result, _, err := kindtest.Run(t, p, `{"value":`+strings.Repeat(`{"a":`, depth)+"1"+strings.Repeat("}", depth)+"}")
		require.NoError(t, err)
		assert.Contains(t, result, "recursion")
	}
	result, _ := kindtest.Answers(t, p, `{}`)
	assert.Equal(t, `{"ok": 1}`, result)
}

func TestLauncher_BadResultsAreErrors(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"NaN":                    {`return {"n": float("nan")}`, "Out of range float"},
		"unserialisable":         {`return {"o": object()}`, "not JSON serializable"},
		"bytes":                  {`return {"b": b"x"}`, "not JSON serializable"},
		"generator":              {`return (x for x in [1])`, "not JSON serializable"},
		"circular":               {"d = {}\n    d['d'] = d\n    return d", "Circular"},
		"lone surrogate":         {`return {"s": "\ud800"}`, "surrogates not allowed"},
		"deep":                   {"d = {}\n    for i in range(10000): d = {'d': d}\n    return d", "recursion"},
		"endless recursion":      {`return main(args)`, "recursion"},
		"exception":              {`raise ValueError("sorry")`, `{"error": "sorry"}`},
		"exception without text": {`raise ValueError()`, `{"error": "ValueError"}`},
		"exception, unicode":     {`raise ValueError("❄ ☃")`, `{"error": "❄ ☃"}`},
		"exception, surrogate":   {`raise ValueError("a\ud800b")`, `{"error": "a?b"}`},
		"exception, no str":      {"class E(Exception):\n        def __str__(self): raise KeyError('x')\n    raise E()", `{"error": "`},
		"exception, no stderr":   {"import sys\n    sys.stderr.close()\n    raise ValueError('x')", `{"error": "x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := action(t, "def main(args):\n    if args.get('fine'): return {'fine': 1}\n    "+c.body)
			result, log := kindtest.Answers(t, p, `{"value":{}}`)
			assert.Contains(t, result, c.want)
			if name == "exception" {
				assert.Contains(t, log, "Traceback")
			}
			result, _ = kindtest.Answers(t, p, `{"value":{"fine":true}}`)
			assert.Equal(t, `{"fine": 1}`, result)
		})
	}
}

// busyChild forks a child that is in C code for minutes, and waits until it is.
const busyChild = `pid = os.fork()
    if pid == 0: hashlib.pbkdf2_hmac("sha256", b"a", b"b", 10**9)
    while int(open("/proc/%d/stat" % pid).read().split()[13]) < 10: pass`

func TestLauncher_ActionKeepsItsHandsOffTheProtocol(t *testing.T) {
	for name, c := range map[string]struct{ body, want, log string }{
		"reads stdin":          {`return {"in": sys.stdin.read(), "raw": os.read(0, 10).decode()}`, `{"in": "", "raw": ""}`, ""},
		"child reads stdin":    {`return {"in": subprocess.run(["cat"], capture_output=True).stdout.decode()}`, `{"in": ""}`, ""},
		"writes to 3":          {"try: os.write(3, b'{}\\n')\n    except OSError: pass\n    return {}", `{}`, ""},
		"child writes to 3":    {"subprocess.run(['sh', '-c', 'echo {} >&3'], stderr=subprocess.DEVNULL)\n    return {}", `{}`, ""},
		"bytes":                {"sys.stdout.buffer.write(b'\\xff\\x00raw')\n    return {}", `{}`, "\xff\x00raw"},
		"other stdout":         {"print('a')\n    sys.stdout = io.StringIO()\n    print('b')\n    return {}", `{}`, "a\n"},
		"no stdout":            {"sys.stdout = None\n    return {}", `{}`, ""},
		"closed stdout":        {"sys.stdout.close()\n    return {}", `{}`, ""},
		"forks, child ends":    {"pid = os.fork()\n    if pid == 0: os._exit(0)\n    os.waitpid(pid, 0)\n    return {}", `{}`, ""},
		"forks, child goes on": {"pid = os.fork()\n    if pid: os.waitpid(pid, 0)\n    return {'parent': pid > 0}", `{"parent": true}`, ""},
		"terminates a child":   {busyChild + "\n    os.kill(pid, signal.SIGTERM)\n    return {'by': os.waitpid(pid, 0)[1]}", `{"by": 15}`, ""},
		"forks, child raises":  {"pid = os.fork()\n    if pid == 0: raise ValueError()\n    os.waitpid(pid, 0)\n    return {}", `{}`, "Traceback"},
		"multiprocessing":      {"with multiprocessing.Pool(2) as p: return {'sum': sum(p.map(abs, [-1, -2]))}", `{"sum": 3}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := action(t, "import hashlib, io, multiprocessing, os, signal, subprocess, sys\ndef main(args):\n    "+c.body)
			for range 2 {
				result, log := kindtest.Answers(t, p, `{"value":{}}`)
				assert.Equal(t, c.want, result)
				if name == "bytes" || name == "forks, child raises" {
					assert.Contains(t, log, c.log)
				}
			}
		})
	}
}

func TestLauncher_EndOfTheProcess(t *testing.T) {
	for name, body := range map[string]string{
		"sys.exit": `sys.exit(0)`, "interrupt": `raise KeyboardInterrupt()`, "base": `raise BaseException("x")`,
		"os._exit": `os._exit(3)`, "abort": `os.abort()`, "closes all": `os.closerange(3, 100); return {}`,
	} {
		t.Run(name, func(t *testing.T) {
			p := action(t, "import os, sys\ndef main(args):\n    print('last words')\n    "+body)
			_, log, err := kindtest.Run(t, p, `{}`)
			require.ErrorIs(t, err, process.ErrExited)
			assert.Contains(t, log, "last words\n")
			assert.False(t, p.Alive())
		})
	}
}

func TestLauncher_ThreadsPrintIntoTheNextRun(t *testing.T) {
	p := action(t, `
import threading
go, done = threading.Event(), threading.Event()
def later():
    go.wait(); print("later"); done.set()
def main(args):
    if args.get("wait"):
        go.set(); done.wait()
    else:
        threading.Thread(target=later, daemon=True).start()
    return {}`)
	_, log := kindtest.Answers(t, p, `{}`)
	assert.Empty(t, log)
	_, log = kindtest.Answers(t, p, `{"value":{"wait":1}}`)
	assert.Equal(t, "later\n", log)
}

func TestLauncher_FailedStarts(t *testing.T) {
	for name, c := range map[string]struct {
		code       kind.Code
		cause, log string
	}{
		"syntax":         {kind.Code("def main(:"), "SyntaxError", "__main__.py"},
		"import":         {kind.Code("import no_such_module"), "No module named 'no_such_module'", "Traceback"},
		"no function":    {kind.Code("def other(a): pass"), "the action has no function 'main'", ""},
		"raises":         {kind.Code(`raise ValueError("a\ud800b ❄")`), "ValueError: a?b ❄", "Traceback"},
		"exits":          {kind.Code("import sys; sys.exit(2)"), "command exited", ""},
		"bad virtualenv": {kindtest.Zip(t, map[string]string{"__main__.py": "def main(a): return {}", "virtualenv/bin/activate_this.py": "1/0"}), "ZeroDivisionError", "activate_this.py"},
	} {
		t.Run(name, func(t *testing.T) {
			_, out, err := launch(t, c.code, "main")
			require.Error(t, err)
			line, refused := "", (*process.AckError)(nil)
			if errors.As(err, &refused) {
				line = refused.Line
			}
			message := kindtest.Python(t).StartError(err, line).Message
			assert.Contains(t, message, "Cannot start action. Check logs for details. Cause: ")
			assert.Contains(t, message, c.cause)
			assert.Contains(t, out.String(), c.log)
			assert.NotContains(t, out.String(), "importlib", "the author's frames only")
			assert.NotContains(t, out.String(), "in load")
		})
	}
}

func TestLauncher_Virtualenvs(t *testing.T) {
	source := "import packed\ndef niam(args): return {'from': packed.NAME}"
	for name, files := range map[string]map[string]string{
		"none, module beside":    {"packed.py": "NAME = 1"},
		"site-packages":          {"virtualenv/lib/python3.99/site-packages/packed.py": "NAME = 1"},
		"a .pth file":            {"virtualenv/lib/python3.99/site-packages/x.pth": "../more", "virtualenv/lib/python3.99/more/packed.py": "NAME = 1"},
		"activate_this":          {"virtualenv/bin/activate_this.py": "import sys, os\nsys.path.insert(0, os.path.dirname(__file__) + '/../mods')", "virtualenv/mods/packed.py": "NAME = 1"},
		"the action's own first": {"packed.py": "NAME = 1", "virtualenv/lib/python3.99/site-packages/packed.py": "NAME = 2"},
	} {
		t.Run(name, func(t *testing.T) {
			files["__main__.py"] = source
			p, out, err := launch(t, kindtest.Zip(t, files), "niam")
			require.NoError(t, err, out)
			result, _ := kindtest.Answers(t, p, `{}`)
			assert.Equal(t, `{"from": 1}`, result)
		})
	}
}
