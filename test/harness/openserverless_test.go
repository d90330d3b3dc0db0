package harness_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// The stand-in for the client says, byte for byte, what the client was recorded
// to say.
func TestOpenServerlessClient_SaysWhatWasRecorded(t *testing.T) {
	raw, err := os.ReadFile("testdata/openserverless/client.json")
	require.NoError(t, err)
	var recorded map[string]struct{ Path, Body string }
	require.NoError(t, json.Unmarshal(raw, &recorded))
	c := harness.NewOpenServerlessClient(t, "")
	init, err := json.Marshal(harness.M{"value": harness.M{
		"name": "hello", "main": "niam@http://127.0.0.1:18092", "binary": false, "code": harness.OpenServerlessAction,
		"env": harness.M{"__OW_NAMESPACE": "guest", "SECRET": "one", "NUMBER": 7},
	}})
	require.NoError(t, err)
	sent := string(c.InitRequest(init))
	code, _, _ := strings.Cut(strings.SplitN(sent, `"code":`, 2)[1], `,"main"`)
	sent = strings.NewReplacer(code, `"CODE"`, c.Hash, "HASH").Replace(sent)
	id := strings.SplitN(recorded["init"].Body, `"`, 5)[3]
	assert.Equal(t, strings.Replace(recorded["init"].Body, id, c.ID, 1), sent)
	for name, body := range map[string]string{
		"run":              `{"value":{"big":9007199254740993,"one":1.0,"lt":"<&>"},"activation_id":"a","namespace":"guest","deadline":"1"}`,
		"run-error":        `{"value":{"do":"error"}}`,
		"run-after-scalar": `{"value":{}}`,
	} {
		sent := strings.ReplaceAll(string(c.RunRequest([]byte(body))), c.Hash, "HASH")
		assert.Equal(t, recorded[name].Body, sent, name)
	}
}
