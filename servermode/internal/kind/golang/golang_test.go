package golang_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// compiled starts a Go action.
func compiled(t *testing.T, s *build.Builder, code kind.Code, main string) (*process.Process, *kindtest.Logs, error) {
	t.Helper()
	out, g := &kindtest.Logs{}, kindtest.Go(t)
	command, err := g.Prepare(t.Context(), kind.Site{Dir: t.TempDir(), Builder: s, Sink: out}, code, main)
	if err != nil {
		return nil, out, err
	}
	p, err := kindtest.TryStart(t, command, out)
	return p, out, err
}

// One builder serves all, so that the standard library is compiled once.
func TestGo_CompilesAndRuns(t *testing.T) {
	s := kindtest.Builder(t)
	t.Run("actions", func(t *testing.T) { goActions(t, s) })
	t.Run("zips", func(t *testing.T) { goZips(t, s) })
	t.Run("SIGTERM", func(t *testing.T) { goOutlastsSIGTERM(t, s) })
	t.Run("once", func(t *testing.T) { goCompilesOnce(t, s) })
	t.Run("refusals", func(t *testing.T) { goRefuses(t, s) })
}

const goHeader = "package main\n\nimport (\n\t\"context\"\n\t\"errors\"\n\t\"fmt\"\n\t\"os\"\n)\n\nvar _ = context.TODO\nvar _ = errors.New\nvar _ = fmt.Sprint\nvar _ = os.Exit\n\n"

func goActions(t *testing.T, s *build.Builder) {
	for name, c := range map[string]struct{ source, main, line, want, log string }{
		"map":          {`func Main(a map[string]any) map[string]any { fmt.Println("in", a["n"]); return a }`, "main", `{"value":{"n":"❄ <&>"}}`, `{"n":"❄ <&>"}`, "in ❄ <&>\n"},
		"array":        {`func Main(a []any) []any { return append(a, "more") }`, "main", `{"value":[1,2]}`, `[1,2,"more"]`, ""},
		"other main":   {`func Niam(a map[string]any) map[string]any { return a }`, "niam", `{"value":{"n":1}}`, `{"n":1}`, ""},
		"own types":    {"type in struct{ N int }\ntype out struct{ Twice int }\nfunc Main(ctx context.Context, a in) (*out, error) { return &out{2 * a.N}, ctx.Err() }", "main", `{"value":{"n":21}}`, `{"Twice":42}`, ""},
		"error":        {`func Main(a map[string]any) (map[string]any, error) { return nil, errors.New("sorry") }`, "main", `{}`, `{"error":"sorry"}`, ""},
		"panic":        {`func Main(a map[string]any) map[string]any { var m map[string]int; m["x"] = 1; return a }`, "main", `{}`, `{"error":"panic: assignment to entry in nil map"}`, "goroutine"},
		"misfit":       {`func Main(a struct{ N int }) error { return nil }`, "main", `{"value":{"n":"text"}}`, `{"error":"the arguments do not fit struct { N int }`, ""},
		"nothing":      {`func Main() {}`, "main", `{}`, `{}`, ""},
		"context":      {`func Main(a map[string]any) map[string]any { return map[string]any{"id": os.Getenv("__OW_ACTIVATION_ID"), "list": os.Getenv("__OW_LIST")} }`, "main", `{"activation_id":"7","list":[1,2]}`, `{"id":"7","list":"[1,2]"}`, ""},
		"whole":        {`func main() { f := os.NewFile(3, "3"); var line string; for { if _, err := fmt.Scanln(&line); err != nil { return }; fmt.Fprintln(f, line) } }`, "main", `{"as":"it-is"}`, `{"as":"it-is"}`, ""},
		"unjsonable":   {`func Main(a map[string]any) any { return map[string]any{"f": func() {}} }`, "main", `{}`, `{"error":"json: unsupported type: func()"}`, ""},
		"writes to 3":  {`func Main(a map[string]any) any { f := os.NewFile(3, "3"); _, err := f.WriteString("{}\n"); return map[string]any{"failed": err != nil} }`, "main", `{}`, `{"failed":true}`, ""},
		"reads stdin":  {`func Main(a map[string]any) any { n, _ := os.Stdin.Read(make([]byte, 1)); return map[string]any{"read": n} }`, "main", `{}`, `{"read":0}`, ""},
		"second round": {`var n int; func Main(a map[string]any) any { n++; return map[string]any{"n": n} }`, "main", `{}`, `{"n":1}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, out, err := compiled(t, s, kind.Code(goHeader+c.source), c.main)
			require.NoError(t, err, out)
			result, log := kindtest.Answers(t, p, c.line)
			assert.Contains(t, result, c.want)
			assert.Contains(t, log, c.log)
		})
	}
}

// A service manager may send SIGTERM to everything that the server has started. Runs
// go on.
func goOutlastsSIGTERM(t *testing.T, s *build.Builder) {
	p, out, err := compiled(t, s, kind.Code(`package main

import (
	"os"
	"syscall"
	"time"
)

func Main() map[string]any {
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	time.Sleep(100 * time.Millisecond)
	return map[string]any{"alive": true}
}
`), "main")
	require.NoError(t, err, out)
	result, _ := kindtest.Answers(t, p, `{}`)
	assert.JSONEq(t, `{"alive":true}`, result)
}

func goZips(t *testing.T, s *build.Builder) {
	main := "package main\n\nimport (\n\t\"example.org/greet\"\n\t\"action/inner\"\n)\n\nfunc Main(a map[string]any) map[string]any { return map[string]any{\"say\": greet.Hello(inner.Name)} }\n"
	p, out, err := compiled(t, s, kindtest.Zip(t, map[string]string{
		"hello.go": main, "inner/inner.go": "package inner\n\nconst Name = \"Ada\"\n",
		"hello_test.go":                 "package main\n\nfunc TestNothing() { nonsense }\n",
		"go.mod":                        "module action\n\ngo 1.21\n\nrequire example.org/greet v1.0.0\n",
		"vendor/modules.txt":            "# example.org/greet v1.0.0\n## explicit; go 1.21\nexample.org/greet\n",
		"vendor/example.org/greet/x.go": "package greet\n\nfunc Hello(n string) string { return \"hello \" + n }\n",
	}), "main")
	require.NoError(t, err, out)
	result, _ := kindtest.Answers(t, p, `{}`)
	assert.Equal(t, `{"say":"hello Ada"}`, result)

	p, out, err = compiled(t, s, kindtest.Zip(t, map[string]string{
		"exec.go":        "package main\n\nimport \"exec/hello\"\n\nfunc Main(a map[string]any) map[string]any { return map[string]any{\"say\": hello.To(\"Ada\")} }\n",
		`hello\hello.go`: "package hello\n\nimport \"exec/hello/word\"\n\nfunc To(n string) string { return word.Of + n }\n", "hello/word/word.go": "package word\n\nconst Of = \"hello \"\n",
	}), "main")
	require.NoError(t, err, out)
	result, _ = kindtest.Answers(t, p, `{}`)
	assert.Equal(t, `{"say":"hello Ada"}`, result, "as the platform's runtimes call the module of a zip without go.mod")

	p, out, err = compiled(t, s, kindtest.Zip(t, map[string]string{"exec": "#!/bin/sh\nwhile read -r line; do echo '{\"from\":\"exec\"}' >&3; done\n", "a.go": "package main"}), "main")
	require.NoError(t, err, out)
	result, _ = kindtest.Answers(t, p, `{}`)
	assert.Equal(t, `{"from":"exec"}`, result)
}

func goCompilesOnce(t *testing.T, s *build.Builder) {
	code := kind.Code("package main\n\nfunc Main(a map[string]any) map[string]any { return a }\n")
	before := made(t, s)
	for range 2 {
		_, out, err := compiled(t, s, code, "main")
		require.NoError(t, err, out)
		assert.Empty(t, out.String(), "a compiler that succeeds says nothing")
	}
	assert.Len(t, made(t, s), len(before)+1)
	_, out, err := compiled(t, s, append(code, '\n'), "main")
	require.NoError(t, err, out)
	assert.Len(t, made(t, s), len(before)+2)
}

func goRefuses(t *testing.T, s *build.Builder) {
	for name, c := range map[string]struct {
		code       kind.Code
		main       string
		cause, log string
	}{
		"compile error": {kind.Code("package main\n\nfunc Main(a map[string]any) map[string]any { return b }\n"), "main", kind.NoBinary, "undefined: b"},
		"syntax":        {kind.Code("package main\n\nfunc Main("), "main", kind.NoBinary, "action.go:3"},
		"no function":   {kind.Code("package main\n\nfunc Other() {}\n"), "main", kind.NoBinary, "no function Main in package main"},
		"other package": {kind.Code("package other\n\nfunc Main() {}\n"), "main", kind.NoBinary, "found packages"},
		"not vendored":  {kind.Code("package main\n\nimport _ \"example.org/missing\"\n\nfunc Main() {}\n"), "main", kind.NoBinary, "go mod vendor"},
		"newer Go":      {kindtest.Zip(t, map[string]string{"a.go": "package main\n\nfunc Main() {}\n", "go.mod": "module action\n\ngo 1.99\n"}), "main", kind.NoBinary, "requires go >= 1.99"},
		"no source":     {kindtest.Zip(t, map[string]string{"inner/a.go": "package inner"}), "main", kind.NoBinary, "no Go source at its root. The folder \"inner\" has some"},
		"cgo":           {kind.Code("package main\n\nimport \"C\"\n\nfunc Main() {}\n"), "main", kind.NoBinary, ""},
		"bad main":      {kind.Code("package main"), "a b", "cannot be the name of a Go function", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, out, err := compiled(t, s, c.code, c.main)
			problem := kindtest.AssertAction(t, err, c.cause)
			assert.Contains(t, out.String()+problem.Log, c.log)
		})
	}
	_, out, err := compiled(t, s, kind.Code("package main\n\nfunc Main(a, b int) {}\n"), "main")
	var refused *process.AckError
	require.ErrorAs(t, err, &refused, out)
	assert.Contains(t, kindtest.Go(t).StartError(err, refused.Line).Message, "Main is func(int, int): an action is a func(map[string]any) map[string]any")
}

// made returns the builds that a builder keeps.
func made(t *testing.T, s *build.Builder) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(s.Dir(), "made", "*", "*", "exec"))
	require.NoError(t, err)
	return all
}
