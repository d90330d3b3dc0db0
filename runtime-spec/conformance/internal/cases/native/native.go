// Package native has the cases for Go and for native programs. Their actions
// are scripts, Go sources or the running program itself.
package native

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/archive"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/code"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/elf"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// Cases returns the cases for native programs, in the order of the README.
func Cases() []session.Spec {
	return slices.Concat(basicCases(), startCases())
}

func basicCases() []session.Spec {
	return []session.Spec{
		{ID: "native-elf", Run: echoingELF(""),
			Behaviour: `an ELF program, in base64, works`},
		{ID: "native-elf-main", Run: echoingELF("message"),
			Behaviour: `the same with another main, which a program ignores`},
		{ID: "native-script-base64", Run: echoes(archive.Of([]byte(code.NativeCode.Echo))),
			Behaviour: `a script sent as binary code works`},
		{ID: "native-zip", Run: echoes(archive.Zip(files(0o755)...)),
			Behaviour: `a zip with the program as exec, and a file beside it`},
		{ID: "native-zip-mode", Run: echoes(archive.Zip(files(0o644)...)),
			Behaviour: `exec needs no executable bit in the archive`},
		{ID: "native-tar-gz", Run: echoes(archive.Tar(files(0o755)...)),
			Behaviour: `a tar.gz with the program as exec`},
		{ID: "native-result-no-json", Run: resultNoJSON,
			Behaviour: `a result line that is no JSON → 502 "The action did not return a dictionary or array."`},
		{ID: "native-two-results", Run: twoResults, Own: true,
			Behaviour: `two result lines for one activation → 502; the next run gets its own answer`},
		{ID: "native-newlines", Run: newlines,
			Behaviour: `raw newlines in the body of /run do not split the action's input line`},
	}
}

func echoes(code session.Action) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		return s.InitEchoes(ctx, code, `{"name":"Mike"}`)
	}
}

func echoingELF(main string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		content, err := ownProgram()
		if err != nil {
			return err
		}
		return echoes(session.Action{
			Code: base64.StdEncoding.EncodeToString(content), Binary: true, Main: main,
			Env: map[string]string{elf.Variable: elf.Echo},
		})(ctx, s)
	}
}

// ownProgram reads the running program, which serves as the action.
func ownProgram() ([]byte, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("%w: the running program is no ELF", session.ErrNotChecked)
	}
	if !elf.WillAct.Load() {
		return nil, fmt.Errorf("%w: the running program does not call ActIfAsked", session.ErrNotChecked)
	}
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", session.ErrNotChecked, err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", session.ErrNotChecked, err)
	}
	if base64.StdEncoding.EncodedLen(len(content)) > session.LargestCode {
		return nil, fmt.Errorf("%w: the running program is larger than an action may be", session.ErrNotChecked)
	}
	return content, nil
}

func files(mode os.FileMode) []archive.File {
	program := code.Script(`read -r word <"$(dirname "$0")/word"`, `
  if [ "$word" = magic ]; then argument >&3; else echo '{"error":"no file"}' >&3; fi`)
	return []archive.File{{Name: "exec", Body: program, Mode: mode}, {Name: "word", Body: "magic\n"}}
}

func resultNoJSON(ctx context.Context, s *session.Session) error {
	a, err := s.InitRun(ctx, session.Source(code.Script("", `  echo 'this is no JSON' >&3`)), `{}`)
	if err != nil {
		return err
	}
	return a.IsError(http.StatusBadGateway, session.ErrNotAnObject)
}

// twoResults makes cat write both lines at once, which bash itself would not
// do.
func twoResults(ctx context.Context, s *session.Session) error {
	a, err := s.InitRun(ctx, session.Source(code.Script("", `
  case "$line" in *'"twice"'*) cat <<<$'{"first":1}\n{"second":2}' >&3; continue;; esac
  argument >&3`)), `{"twice":true}`)
	if err != nil {
		return err
	}
	refused := a.Refuses(http.StatusBadGateway)
	if err := s.StillEchoes(ctx, `{"mine":"alone"}`); err != nil {
		return err
	}
	return refused
}

func newlines(ctx context.Context, s *session.Session) error {
	a, err := s.InitActivate(ctx, session.Source(s.Code.Echo), []byte("{\"value\":{\n\"spread\":\n[1,\n2]},\n\"namespace\":\"guest\"\n}\n"))
	if err != nil {
		return err
	}
	return a.Gives(`{"spread":[1,2]}`)
}
