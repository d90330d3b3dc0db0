package native

import (
	"context"
	"net/http"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/archive"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/code"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

const executionEnv = "conformance/native:1"

func startCases() []session.Spec {
	needsAck := map[string]string{"OW_WAIT_FOR_ACK": "1"}
	needsEnv := map[string]string{"OW_EXECUTION_ENV": executionEnv}
	return []session.Spec{
		{ID: "native-early-exit", Run: failsStart("#!/bin/bash\nexit 1\n", session.ErrCannotStart, session.ErrRunExited),
			Behaviour: `a program that exits at once → init 502 "cannot start action: command exited", one sentinel each`},
		{ID: "native-early-output", Run: earlyOutput,
			Behaviour: `what a program prints before it exits at once is in the failed init's log`},
		{ID: "native-not-executable", Run: failsStart("this is neither a program nor a script\n"),
			Behaviour: `text that is no script → init 502, one sentinel each`},
		{ID: "native-no-interpreter", Run: failsStart("#!/no/such/interpreter\n"),
			Behaviour: `a script whose interpreter is not there → init 502`},
		{ID: "native-zip-no-exec", Run: zipNoExec,
			Behaviour: `a zip without exec → init 502`},
		{ID: "native-ack", Run: echoes(session.Source(code.NativeCode.Echo)), Needs: session.NeedAck, Env: needsAck,
			Behaviour: `OW_WAIT_FOR_ACK: a program that acknowledges with {"ok":true} is run`},
		{ID: "native-ack-refused", Run: ack(`echo '{"ok":false}' >&3`), Needs: session.NeedAck, Env: needsAck,
			Behaviour: `OW_WAIT_FOR_ACK: {"ok":false} → init 502`},
		{ID: "native-ack-no-json", Run: ack(`echo 'ok' >&3`), Needs: session.NeedAck, Env: needsAck,
			Behaviour: `OW_WAIT_FOR_ACK: an acknowledgement that is no JSON → init 502`},
		{ID: "native-ack-exit", Run: ack(`exit 0`), Needs: session.NeedAck, Env: needsAck,
			Behaviour: `OW_WAIT_FOR_ACK: a program that exits instead → init 502`},
		{ID: "native-exec-env", Run: execEnv(executionEnv), Needs: session.NeedExecutionEnv, Env: needsEnv,
			Behaviour: `OW_EXECUTION_ENV: an archive whose exec.env says the same is run`},
		{ID: "native-exec-env-mismatch", Run: execEnv("conformance/other:1"), Needs: session.NeedExecutionEnv, Env: needsEnv,
			Behaviour: `OW_EXECUTION_ENV: an archive with another exec.env → init 502 "mismatch"`},
	}
}

func failsStart(code string, texts ...string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		return s.RefusesInit(ctx, session.Source(code), http.StatusBadGateway, texts...)
	}
}

func earlyOutput(ctx context.Context, s *session.Session) error {
	a, err := s.RefusedInit(ctx, session.Source("#!/bin/bash\necho early out\necho early err >&2\nexit 1\n"), http.StatusBadGateway)
	if err != nil {
		return err
	}
	if err := s.LogHas(a, "early out\n"); err != nil {
		return err
	}
	return s.StderrHas(a, "early err\n")
}

func zipNoExec(ctx context.Context, s *session.Session) error {
	return s.RefusesInit(ctx, archive.Zip(archive.File{Name: "readme", Body: "there is no program here\n"}), http.StatusBadGateway)
}

// ack expects a failing init of a program that starts like this.
func ack(start string) func(context.Context, *session.Session) error {
	return failsStart("#!/bin/bash\n"+start+"\nwhile read -r line; do echo '{}' >&3; done\n", session.ErrCannotStart)
}

func execEnv(says string) func(context.Context, *session.Session) error {
	program := archive.Zip(archive.File{Name: "exec", Body: code.NativeCode.Echo, Mode: 0o755}, archive.File{Name: "exec.env", Body: says + "\n"})
	if says == executionEnv {
		return echoes(program)
	}
	return func(ctx context.Context, s *session.Session) error {
		return s.RefusesInit(ctx, program, http.StatusBadGateway, "mismatch")
	}
}
