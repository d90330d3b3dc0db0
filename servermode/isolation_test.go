package servermode_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/servermode"
)

func TestServer_SameCodeWithAnotherEnvIsAnotherFunction(t *testing.T) {
	t.Setenv("CANARY", "the server's own secret")
	r := newRig(t, servermode.Config{})
	one := newTarget("native", echo, map[string]string{"MINE": "one"})
	two := newTarget("native", echo, map[string]string{"MINE": "two"})
	r.mustInit(one)
	r.mustInit(two)
	assert.JSONEq(t, `{"mine":"one","canary":"","host":""}`, r.run(one, "", `"env"`).body)
	assert.JSONEq(t, `{"mine":"two","canary":"","host":""}`, r.run(two, "", `"env"`).body)
	assert.NotEqual(t, pidOf(t, r.run(one, "", `"pid"`)), pidOf(t, r.run(two, "", `"pid"`)))
}

func TestServer_OwnerChoosesWhatFunctionsSee(t *testing.T) {
	t.Setenv("CANARY", "shared on purpose")
	r := newRig(t, servermode.Config{PassEnv: []string{"CANARY"}})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	assert.Contains(t, r.run(f, "", `"env"`).body, "shared on purpose")
}

func TestServer_FunctionsAreNotRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give functions users of their own")
	}
	r := newRig(t, servermode.Config{})
	users := map[string]bool{}
	for _, mine := range []string{"one", "two", "three"} {
		f := newTarget("native", echo, map[string]string{"MINE": mine})
		r.mustInit(f)
		body := r.run(f, "", `"pid"`).body
		assert.NotContains(t, body, `"user":0`)
		users[body[len(body)-12:]] = true
	}
	assert.Len(t, users, 3, "each has a user of its own")
}

func TestServer_ContainersEnvironmentReachesTheFunction(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, map[string]string{"__OW_API_HOST": "https://api"})
	r.mustInit(f)
	assert.Contains(t, r.run(f, "", `"env"`).body, `"host":"https://api"`)
}
