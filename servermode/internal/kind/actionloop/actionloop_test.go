package actionloop_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/actionloop"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
)

// says returns a program that answers each line with what a shell makes of text.
func says(text string) string {
	return "#!/bin/sh\nwhile read -r line; do echo " + text + " >&3; done\n"
}

// compileScript writes a compile script in sh: $1 main, $2 sources, $3 bin.
func compileScript(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "compile")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nset -eu\n"+body), 0o755))
	return path
}

// install returns the script that makes bin/exec of text, with ${…} of the compile
// script in it.
func install(text string) string {
	return "cat >\"$3/exec\" <<EOF\n#!/bin/sh\nwhile read -r line; do echo " + text + " >&3; done\nEOF\n"
}

// image is a runtime's variables.
type image map[string]string

func newRuntime(t *testing.T, env image) *actionloop.Kind {
	t.Helper()
	r, err := actionloop.New("toy:1", env, native.Kind{}, false, -1)
	require.NoError(t, err)
	return r
}

// toy prepares code with a compile script and answers one run.
func toy(t *testing.T, b *build.Builder, r *actionloop.Kind, code kind.Code, main string) (string, string, error) {
	t.Helper()
	return kindtest.Try(t, r, kind.Site{Tenant: "t", Builder: b}, code, main)
}

func TestRuntime_Compiles(t *testing.T) {
	s := kindtest.Builder(t)
	jar := kindtest.Zip(t, map[string]string{"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n", "exec": says(`'{"not":"compiled"}'`)})
	for name, c := range map[string]struct {
		script string
		env    image
		code   kind.Code
		main   string
		want   string
	}{
		"source":           {install(`'{"source":$(cat "$2/exec")}'`), nil, kind.Code("1"), "main", `{"source":1}`},
		"main":             {install(`'{"main":"$1","arguments":$#}'`), nil, kind.Code("1"), "a b#c$", `{"main":"a b#c$","arguments":3}`},
		"zip":              {install(`'{"files":"$(cd "$2" && find * -type f | sort | tr '\n' ' ')"}'`), nil, kindtest.Zip(t, map[string]string{"a/b": "", "c": ""}), "main", `{"files":"a/b c "}`},
		"tar.gz":           {install(`'{"source":$(cat "$2/a/b")}'`), nil, kindtest.Tar(t, "a/b", "2"), "main", `{"source":2}`},
		"jar":              {install(`'{"files":"$(ls "$2")","bytes":$(wc -c <"$2/it.jar")}'`), image{"OW_SAVE_JAR": "it.jar"}, jar, "main", fmt.Sprintf(`{"files":"it.jar","bytes":%d}`, len(jar))},
		"zip, not a jar":   {install(`'{"files":"$(ls "$2")"}'`), image{"OW_SAVE_JAR": "it.jar"}, kindtest.Zip(t, map[string]string{"c": ""}), "main", `{"files":"c"}`},
		"jar not wanted":   {install(`'{"n":1}'`), nil, jar, "main", `{"not":"compiled"}`},
		"bin is replaced":  {`rmdir "$3"; mv "$2" "$3"; ` + install(`'{"own":"$(ls "$3" | tr '\n' ' ')"}'`), nil, kindtest.Zip(t, map[string]string{"c": ""}), "main", `{"own":"c exec "}`},
		"not executable":   {install(`'{"n":1}'`) + `chmod 600 "$3/exec"`, nil, kind.Code("1"), "main", `{"n":1}`},
		"runs in place":    {install(`"{\"same\":\$([ \$PWD = $3 ] && echo true)}"`), nil, kind.Code("1"), "main", `{"same":true}`},
		"has a home":       {`echo x >"$HOME/x"; echo y >"$TMPDIR/y"; ` + install(`'{"n":1}'`), nil, kind.Code("1"), "main", `{"n":1}`},
		"both see the env": {install(`"{\"compiler\":\"$FLAVOUR\",\"function\":\"\$FLAVOUR\",\"own\":\"\${OW_COMPILER-none}${OW_COMPILER-none}\"}"`), image{"FLAVOUR": "❄"}, kind.Code("1"), "main", `{"compiler":"❄","function":"❄","own":"nonenone"}`},
		"exec.env":         {install(`"{\"env\":\"\$__OW_EXECUTION_ENV\"}"`) + `echo "$__OW_EXECUTION_ENV" >"$3/exec.env"`, image{"OW_EXECUTION_ENV": "toy/1"}, kind.Code("1"), "main", `{"env":"toy/1"}`},
		"its children die": {`sleep 1000 & ` + install(`'{"n":1}'`), nil, kind.Code("1"), "main", `{"n":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := image{"OW_COMPILER": compileScript(t, c.script)}
			for key, value := range c.env {
				env[key] = value
			}
			result, log, err := toy(t, s, newRuntime(t, env), c.code, c.main)
			require.NoError(t, err, log)
			assert.Equal(t, c.want, result)
		})
	}
}

func TestRuntime_CompiledCodeNeedsNoCompiler(t *testing.T) {
	s := kindtest.Builder(t)
	self, err := os.ReadFile("/bin/cat")
	require.NoError(t, err)
	never := image{"OW_COMPILER": compileScript(t, `echo "the compiler was called"`), "FLAVOUR": "own"}
	program := says(`"{\"env\":\"$FLAVOUR\"}"`)
	for name, code := range map[string]kind.Code{
		"script": kind.Code(program), "zip": kindtest.Zip(t, map[string]string{"exec": program, "x": ""}), "tar.gz": kindtest.Tar(t, "exec", program),
	} {
		result, log, err := toy(t, s, newRuntime(t, never), code, "main")
		require.NoError(t, err, "%s: %s", name, log)
		assert.Equal(t, `{"env":"own"}`, result, name)
	}
	result, log, err := toy(t, s, newRuntime(t, image{}), kindtest.Zip(t, map[string]string{"exec": says(`"{}"`)}), "main")
	require.NoError(t, err, log)
	assert.Equal(t, `{}`, result)

	command, err := newRuntime(t, never).Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, self, "main")
	require.NoError(t, err)
	assert.Contains(t, command.Env, "FLAVOUR=own")

	bare := newRuntime(t, image{})
	assert.Contains(t, bare.Describe(), "without OW_COMPILER")
	_, _, err = toy(t, s, bare, kind.Code("source"), "main")
	kindtest.AssertAction(t, err, "neither an ELF executable")
}

func TestRuntime_CompilesOnce(t *testing.T) {
	s, ledger := kindtest.Builder(t), filepath.Join(t.TempDir(), "ledger")
	env := image{"OW_COMPILER": compileScript(t, "echo x >>"+ledger+"\n"+install(`'{"n":1}'`))}
	count := func() int { text, _ := os.ReadFile(ledger); return len(text) / 2 }
	for range 2 {
		_, log, err := toy(t, s, newRuntime(t, env), kind.Code("1"), "main")
		require.NoError(t, err, log)
	}
	assert.Equal(t, 1, count())
	_, _, err := toy(t, s, newRuntime(t, env), kind.Code("1"), "other")
	require.NoError(t, err)
	assert.Equal(t, 2, count(), "main is compiled in")
	env["REVISION"] = "2"
	_, _, err = toy(t, s, newRuntime(t, env), kind.Code("1"), "main")
	require.NoError(t, err)
	assert.Equal(t, 3, count(), "another image is another compiler")
}

func TestRuntime_CompileOutlivesItsInit(t *testing.T) {
	s, gate := kindtest.Builder(t), filepath.Join(t.TempDir(), "gate")
	env := image{"OW_COMPILER": compileScript(t, "while [ ! -e "+gate+" ]; do sleep 0.01; done\n"+install(`'{"n":1}'`))}
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errors.New("hung up"))
	_, err := newRuntime(t, env).Prepare(ctx, kind.Site{Dir: t.TempDir(), Tenant: "t", Builder: s, Sink: &kindtest.Logs{}}, kind.Code("1"), "main")
	require.ErrorIs(t, err, build.ErrUnfinished)
	require.NoError(t, os.WriteFile(gate, nil, 0o600))
	result, log, err := toy(t, s, newRuntime(t, env), kind.Code("1"), "main")
	require.NoError(t, err, log)
	assert.Equal(t, `{"n":1}`, result)
}

func TestRuntime_Acks(t *testing.T) {
	s := kindtest.Builder(t)
	acking := "cat >\"$3/exec\" <<'EOF'\n#!/bin/sh\n[ -z \"${__OW_WAIT_FOR_ACK:-}\" ] || echo '{\"ok\":true}' >&3\nwhile read -r line; do echo \"{\\\"ack\\\":\\\"${__OW_WAIT_FOR_ACK:-}\\\"}\" >&3; done\nEOF\n"
	for _, ack := range []string{"", "true"} {
		result, log, err := toy(t, s, newRuntime(t, image{"OW_COMPILER": compileScript(t, acking), "OW_WAIT_FOR_ACK": ack}), kind.Code("1"), "main")
		require.NoError(t, err, log)
		assert.Equal(t, `{"ack":"`+ack+`"}`, result)
	}
	refusing := "printf '#!/bin/sh\\necho no >&3\\n' >\"$3/exec\""
	r := newRuntime(t, image{"OW_COMPILER": compileScript(t, refusing), "OW_WAIT_FOR_ACK": "1"})
	_, _, err := toy(t, s, r, kind.Code("1"), "main")
	assert.ErrorContains(t, err, "did not acknowledge its start")
	assert.Equal(t, `cannot start action: x: "no"`, r.StartError(errors.New("x"), "no").Message)
}
