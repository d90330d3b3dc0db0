package conformance

import (
	"context"
	"net/http"
)

const executionEnv = "conformance/native:1"

func nativeStartCases() []Case {
	needsAck := map[string]string{"OW_WAIT_FOR_ACK": "1"}
	needsEnv := map[string]string{"OW_EXECUTION_ENV": executionEnv}
	return []Case{
		{ID: "native-early-exit", run: nativeFailsStart("#!/bin/bash\nexit 1\n", errCannotStart, errRunExited),
			Behaviour: `a program that exits at once → init 502 "cannot start action: command exited", one sentinel each`},
		{ID: "native-early-output", run: nativeEarlyOutput,
			Behaviour: `what a program prints before it exits at once is in the failed init's log`},
		{ID: "native-not-executable", run: nativeFailsStart("this is neither a program nor a script\n"),
			Behaviour: `text that is no script → init 502, one sentinel each`},
		{ID: "native-no-interpreter", run: nativeFailsStart("#!/no/such/interpreter\n"),
			Behaviour: `a script whose interpreter is not there → init 502`},
		{ID: "native-zip-no-exec", run: nativeZipNoExec,
			Behaviour: `a zip without exec → init 502`},
		{ID: "native-ack", run: nativeEchoes(source(nativeCode.echo)), Needs: NeedsAck, Env: needsAck,
			Behaviour: `OW_WAIT_FOR_ACK: a program that acknowledges with {"ok":true} is run`},
		{ID: "native-ack-refused", run: nativeAck(`echo '{"ok":false}' >&3`), Needs: NeedsAck, Env: needsAck,
			Behaviour: `OW_WAIT_FOR_ACK: {"ok":false} → init 502`},
		{ID: "native-ack-no-json", run: nativeAck(`echo 'ok' >&3`), Needs: NeedsAck, Env: needsAck,
			Behaviour: `OW_WAIT_FOR_ACK: an acknowledgement that is no JSON → init 502`},
		{ID: "native-ack-exit", run: nativeAck(`exit 0`), Needs: NeedsAck, Env: needsAck,
			Behaviour: `OW_WAIT_FOR_ACK: a program that exits instead → init 502`},
		{ID: "native-exec-env", run: nativeExecEnv(executionEnv), Needs: NeedsExecutionEnv, Env: needsEnv,
			Behaviour: `OW_EXECUTION_ENV: an archive whose exec.env says the same is run`},
		{ID: "native-exec-env-mismatch", run: nativeExecEnv("conformance/other:1"), Needs: NeedsExecutionEnv, Env: needsEnv,
			Behaviour: `OW_EXECUTION_ENV: an archive with another exec.env → init 502 "mismatch"`},
	}
}

func nativeFailsStart(code string, texts ...string) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		a, err := s.failInit(ctx, source(code))
		if err != nil {
			return err
		}
		return a.refuses(http.StatusBadGateway, texts...)
	}
}

func nativeEarlyOutput(ctx context.Context, s *session) error {
	a, err := s.failInit(ctx, source("#!/bin/bash\necho early out\necho early err >&2\nexit 1\n"))
	if err != nil {
		return err
	}
	if err := a.refuses(http.StatusBadGateway); err != nil {
		return err
	}
	if err := s.logHas(a, "early out\n"); err != nil {
		return err
	}
	return s.stderrHas(a, "early err\n")
}

func nativeZipNoExec(ctx context.Context, s *session) error {
	a, err := s.failInit(ctx, zipped(file{name: "readme", body: "there is no program here\n"}))
	if err != nil {
		return err
	}
	return a.refuses(http.StatusBadGateway)
}

// nativeAck expects a failing init of a program that starts like this.
func nativeAck(start string) func(context.Context, *session) error {
	return nativeFailsStart("#!/bin/bash\n"+start+"\nwhile read -r line; do echo '{}' >&3; done\n", errCannotStart)
}

func nativeExecEnv(says string) func(context.Context, *session) error {
	code := zipped(file{"exec", nativeCode.echo, 0o755}, file{name: "exec.env", body: says + "\n"})
	if says == executionEnv {
		return nativeEchoes(code)
	}
	return func(ctx context.Context, s *session) error {
		a, err := s.failInit(ctx, code)
		if err != nil {
			return err
		}
		return a.refuses(http.StatusBadGateway, "mismatch")
	}
}
