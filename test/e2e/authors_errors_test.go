package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/test/harness"
)

// What an author can get wrong before the first run: each time a clear error in
// the answer or the log, and nothing left running.
func TestInit_AuthorsErrorsAreClearAndLeaveNothing(t *testing.T) {
	harness.Needs(t, "python3")
	server := harness.Start(t, "servermode", []string{"PIP_NO_INDEX=1", "UV_OFFLINE=1", "UV_NO_INDEX=1"},
		"--listen=127.0.0.1:0", "--state-dir="+harness.StateDir(t))
	python := "def main(args):\n    return args\n"
	for name, c := range map[string]struct {
		kind  string
		body  harness.M
		words []string
		limit string // for the init
	}{
		"broken requirements": {"python:3", harness.InitZip(harness.Zip(t, map[string]string{"__main__.py": python, "requirements.txt": "no-such-package==1\n"}), nil),
			[]string{"requirements could not be installed", "no-such-package"}, "5m"},
		"requirements that name a file": {"python:3", harness.InitZip(harness.Zip(t, map[string]string{"__main__.py": python, "requirements.txt": "-r more.txt\n"}), nil),
			[]string{"requirements.txt", "names a file"}, "5m"},
		"compile error": {"go:1", harness.InitBody("package main\n\nfunc Main() int { return missing }\n", nil),
			[]string{"failed to generate or locate a binary", "undefined: missing"}, "5m"},
		"web server that never gets ready": {"http", harness.InitBody("#!/bin/sh\necho loading\nexec sleep 1000\n", nil),
			[]string{"loading", "127.0.0.1:"}, "2s"},
		"Node version that is not there": {"nodejs:99", harness.InitBody("function main(args) { return args }", nil),
			[]string{"nodejs:99", "this server has Node"}, "5m"},
		"kind that is not there": {"cobol:85", harness.InitBody("DISPLAY 'HELLO'.", nil),
			[]string{"cobol:85", "python:3", "native"}, "5m"},
	} {
		t.Run(name, func(t *testing.T) {
			client := harness.Client(t, server.URL, c.kind, "--limit="+c.limit)
			a := harness.Post(t, client.URL+"/init", c.body)
			assert.Equal(t, http.StatusBadGateway, a.Status, a.Body)
			told := a.Body + client.Stdout.String() + client.Stderr.String()
			for _, words := range c.words {
				assert.Contains(t, told, words)
			}
			harness.Eventually(t, func() bool {
				return len(harness.Functions(t, server)) == 0 && len(harness.Strays(server.Cmd.Process.Pid)) == 0
			}, "nothing is left")
		})
	}
}
