package node_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
)

func lockOf(version, wanted, at string) string {
	return `{"name":"a","lockfileVersion":` + version + `,"requires":true,"packages":{"":{"name":"a","dependencies":{"whisker":"` + wanted + `"}},` +
		`"node_modules/whisker":{"version":"1.2.0","resolved":"` + at + `/whisker.tgz"}}}`
}

// The error itself has the cause: npm's own words, not the path of its log, and what
// to do where the words do not say it.
func TestNode_AFailureOfNpmNamesItsCause(t *testing.T) {
	at := npmRegistry(t)
	t.Setenv("npm_config_registry", at)
	whisker := func(version string) string { return `{"name":"a","dependencies":{"whisker":"` + version + `"}}` }
	for name, c := range map[string]struct {
		json, lock, npmrc string
		words             []string
		log               string
	}{
		"no such package":  {json: `{"dependencies":{"missing":"1"}}`, words: []string{"E404: Not Found - GET " + at + "/missing", "'missing@1'"}},
		"no such tarball":  {json: whisker(at + "/missing.tgz"), words: []string{"E404: Not Found - GET " + at + "/missing.tgz"}},
		"no such version":  {json: whisker("9"), words: []string{"ETARGET: No matching version found for whisker@9."}},
		"no token":         {json: `{"dependencies":{"secret":"1"}}`, words: []string{"E401: ", "Unauthorized - GET " + at + "/secret"}},
		"conflict":         {json: `{"name":"a","dependencies":{"whisker":"1","fussy":"1"}}`, words: []string{"ERESOLVE: unable to resolve dependency tree", `peer whisker@"^7.0.0" from fussy@1.0.0`}},
		"scope's registry": {json: `{"dependencies":{"@x/y":"1"}}`, npmrc: "@x:registry=http://127.0.0.1:1/", words: []string{"ECONNREFUSED: ", "127.0.0.1:1"}},
		"a name":           {json: `{"dependencies":{"Whi sker":"1"}}`, words: []string{"EINVALIDPACKAGENAME: Invalid package name"}},
		"a protocol":       {json: whisker("workspace:*"), words: []string{`EUNSUPPORTEDPROTOCOL: Unsupported URL Type "workspace:"`}},
		"stale lock":       {json: `{"name":"a","dependencies":{"whisker":"1","cat":"1"}}`, lock: lockOf("3", "1", at), words: []string{"package-lock.json is out of step with package.json (Missing: cat@1.0.0 from lock file): run npm install and zip both again."}},
		"empty lock":       {json: whisker("1"), lock: `{"lockfileVersion":0}`, words: []string{"package-lock.json", "run npm install", "zip"}},
		"lock is no JSON":  {json: whisker("1"), lock: "<<<<<<< HEAD", words: []string{"package-lock.json is no JSON object", "run npm install and zip it again"}},
		"newer lock":       {json: whisker("9"), lock: lockOf("99", "9", "http://127.0.0.1:1"), words: []string{"made by a newer npm", "--lockfile-version=3"}},
		"git":              {json: whisker("git+https://127.0.0.1:1/x.git"), npmrc: "git=/no/such/git", words: []string{"a dependency is a git repository, and this server has no git"}},
		"git refuses":      {json: whisker("git+https://127.0.0.1:1/x.git"), words: []string{"127.0.0.1:1/x.git"}},
		"a script":         {json: `{"scripts":{"postinstall":"node broken.js"}}`, words: []string{"Cause: command failed; command sh -c node broken.js"}, log: "Cannot find module"},
	} {
		t.Run(name, func(t *testing.T) {
			s := kindtest.Builder(t)
			files := map[string]string{"index.js": "exports.main = () => ({})", "package.json": c.json}
			if c.lock != "" {
				files["package-lock.json"] = c.lock
			}
			if c.npmrc != "" {
				files[".npmrc"] = c.npmrc
			}
			_, log, err := runNode(t, s, files)
			assert.Contains(t, log, c.log)
			action := kindtest.AssertAction(t, err, "Check logs for details. Cause: ")
			for _, words := range c.words {
				assert.Contains(t, action.Message, words, log)
			}
			assert.NotContains(t, action.Message, s.Dir(), "an author has no use for the server's folders")
			assert.NotContains(t, action.Message, "complete log")
			assert.NotContains(t, action.Message, "og files were not written")
			assert.Less(t, len(action.Message), 700)
		})
	}
}
