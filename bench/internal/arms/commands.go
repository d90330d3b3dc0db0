package arms

import (
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/whiskaway/whiskaway/bench/internal/proc"
)

// program returns the path of one of the product's programs.
func (s spot) program(name string) string { return filepath.Join(s.bins, name) }

func client(r *Rig, at spot) *exec.Cmd {
	return exec.Command(at.program("clientmode"), "--listen", at.listen, "--upstream", at.upstream, "--kind", at.kind,
		"--token-file", r.token, "--ca-file", r.cert, "--spool-dir", at.dir)
}

func server(r *Rig, at spot) *exec.Cmd {
	return exec.Command(at.program("servermode"), append(serverArgs(at), "--token-file", r.tokens)...)
}

// serverArgs lets more runs wait than any figure has callers: OpenServerless'
// callers wait without limit.
func serverArgs(at spot) []string {
	return []string{"--listen", at.listen, "--state-dir", filepath.Join(at.dir, "state"), "--native-ack", "--allow-shared-user", "--queue", "256", "--log", "", "--log-level", "error"}
}

// peer returns OpenServerless' proxy. Without a mode it is a classic container.
func peer(mode string) func(*Rig, spot) *exec.Cmd {
	return func(r *Rig, at spot) *exec.Cmd {
		cmd := exec.Command(r.Peer) // it listens on port 8080 everywhere
		cmd.Dir, cmd.Env = at.dir, []string{"OW_WAIT_FOR_ACK=1", "TMPDIR=" + at.dir}
		if mode != "" {
			cmd.Env = append(cmd.Env, mode)
		}
		return cmd
	}
}

// atServer returns OpenServerless' setting for the address of the server.
func atServer(upstream string) string { return "main@" + upstream }

// inMemory makes a command keep its temporary files, among them the functions'
// logs, in memory.
func inMemory(command func(*Rig, spot) *exec.Cmd) func(*Rig, spot) *exec.Cmd {
	return func(r *Rig, at spot) *exec.Cmd {
		cmd := command(r, at)
		cmd.Env = append(cmd.Env, "TMPDIR="+r.memory) // the last one counts
		return cmd
	}
}

// appendLogs makes OpenServerless' server append to its logs. Otherwise it
// truncates logs that then grow by what was cut off, and gets slower with every
// run.
func appendLogs(c *Chain) error {
	n, err := proc.Append(c.server.pid(), "out-log", "err-log")
	if err == nil && n < 2 {
		err = fmt.Errorf("found %d of its two log files", n)
	}
	return err
}
