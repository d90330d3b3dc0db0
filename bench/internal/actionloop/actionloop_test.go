package actionloop_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/actionloop"
)

func TestValue(t *testing.T) {
	for line, want := range map[string]string{
		`{"value":{"n":"abc"},"activation_id":"1"}`:                `{"n":"abc"}`,
		`{"actionCodeHash":"5f","value": {"a":{"b":[{}]}}}` + "\n": `{"a":{"b":[{}]}}`,
		`{"value":{"a":"}\"}{","b":"\\"},"namespace":"guest"}`:     `{"a":"}\"}{","b":"\\"}`,
		`{"value":{}}`:            `{}`,
		`{"value":{"a":1`:         "",
		`{"value":{"a":"unclosed`: "",
		`{"value":[1]}`:           "",
		`{"value":`:               "",
		`{}`:                      "",
	} {
		assert.Equal(t, want, string(actionloop.Value([]byte(line))), line)
	}
}

func start(t *testing.T, script string, env map[string]string) (*actionloop.Action, error) {
	t.Helper()
	init, err := json.Marshal(map[string]any{"value": map[string]any{"code": "#!/bin/sh\n" + script, "env": env}})
	require.NoError(t, err)
	return actionloop.Start(init, t.TempDir())
}

func TestAction_Exchanges(t *testing.T) {
	a, err := start(t, "echo '{\"ok\": true}' >&3\nwhile IFS= read -r line; do echo \"$HELLO $line\" >&3; done\n", map[string]string{"HELLO": "hello"})
	require.NoError(t, err)
	var answer []byte
	for _, line := range []string{"you", strings.Repeat("x", 10_000), "again"} {
		_, err := fmt.Fprintln(a, line)
		require.NoError(t, err)
		answer, err = a.Read(answer)
		require.NoError(t, err)
		assert.Equal(t, "hello "+line+"\n", string(answer))
	}
}

func TestAction_EndsOrDoesNotStart(t *testing.T) {
	a, err := start(t, "echo '{\"ok\":true}' >&3; read line", nil)
	require.NoError(t, err)
	_, _ = fmt.Fprintln(a, "a line")
	_, err = a.Read(nil)
	assert.ErrorContains(t, err, "the action ended")
	_, err = start(t, "echo nonsense >&3", nil)
	assert.ErrorContains(t, err, `began with "nonsense\n"`)
	_, err = start(t, "exit 1", nil)
	assert.ErrorContains(t, err, "the action ended")
}
