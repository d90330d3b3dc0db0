package conformance

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"runtime"
)

func nativeCases() []Case {
	return []Case{
		{ID: "native-elf", run: nativeELF(""),
			Behaviour: `an ELF program, in base64, works`},
		{ID: "native-elf-main", run: nativeELF("message"),
			Behaviour: `the same with another main, which a program has no use for`},
		{ID: "native-script-base64", run: nativeEchoes(archived([]byte(nativeCode.echo))),
			Behaviour: `a script sent as binary code works`},
		{ID: "native-zip", run: nativeEchoes(zipped(nativeFiles(0o755)...)),
			Behaviour: `a zip with the program as exec, and a file beside it`},
		{ID: "native-zip-mode", run: nativeEchoes(zipped(nativeFiles(0o644)...)),
			Behaviour: `exec needs no executable bit in the archive`},
		{ID: "native-tar-gz", run: nativeEchoes(tarred(nativeFiles(0o755)...)),
			Behaviour: `a tar.gz with the program as exec`},
		{ID: "native-result-no-json", run: nativeResultNoJSON,
			Behaviour: `a result line that is no JSON → 502 "The action did not return a dictionary or array."`},
		{ID: "native-two-results", run: nativeTwoResults, Own: true,
			Behaviour: `two result lines for one activation → 502; the next run gets its own answer`},
		{ID: "native-newlines", run: nativeNewlines,
			Behaviour: `raw newlines in the body of /run do not split the action's input line`},
	}
}

func nativeEchoes(code action) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		if err := s.init(ctx, code); err != nil {
			return err
		}
		return s.echoes(ctx, `{"name":"Mike"}`)
	}
}

func nativeELF(main string) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		content, err := ownProgram()
		if err != nil {
			return err
		}
		return nativeEchoes(action{
			code: base64.StdEncoding.EncodeToString(content), binary: true, main: main,
			env: map[string]string{ActionVariable: echoAction},
		})(ctx, s)
	}
}

// ownProgram reads the running program, which acts as the action.
func ownProgram() ([]byte, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("%w: the running program is no ELF", ErrNotChecked)
	}
	if !willAct.Load() {
		return nil, fmt.Errorf("%w: the running program does not call ActIfAsked", ErrNotChecked)
	}
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotChecked, err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotChecked, err)
	}
	if base64.StdEncoding.EncodedLen(len(content)) > largestCode {
		return nil, fmt.Errorf("%w: the running program is larger than an action may be", ErrNotChecked)
	}
	return content, nil
}

func nativeFiles(mode os.FileMode) []file {
	program := script(`read -r word <"$(dirname "$0")/word"`, `
  if [ "$word" = magic ]; then argument >&3; else echo '{"error":"no file"}' >&3; fi`)
	return []file{{"exec", program, mode}, {name: "word", body: "magic\n"}}
}

func nativeResultNoJSON(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(script("", `  echo 'this is no JSON' >&3`))); err != nil {
		return err
	}
	a, err := s.run(ctx, `{}`)
	if err != nil {
		return err
	}
	return a.isError(http.StatusBadGateway, errNotAnObject)
}

// nativeTwoResults has cat write both lines at once, as bash itself would not.
func nativeTwoResults(ctx context.Context, s *session) error {
	err := s.init(ctx, source(script("", `
  case "$line" in *'"twice"'*) cat <<<$'{"first":1}\n{"second":2}' >&3; continue;; esac
  argument >&3`)))
	if err != nil {
		return err
	}
	a, err := s.run(ctx, `{"twice":true}`)
	if err != nil {
		return err
	}
	refused := a.refuses(http.StatusBadGateway)
	if err := s.stillEchoes(ctx, `{"mine":"alone"}`); err != nil {
		return err
	}
	return refused
}

func nativeNewlines(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.echo)); err != nil {
		return err
	}
	a, err := s.activate(ctx, []byte("{\"value\":{\n\"spread\":\n[1,\n2]},\n\"namespace\":\"guest\"\n}\n"))
	if err != nil {
		return err
	}
	return a.gives(`{"spread":[1,2]}`)
}
