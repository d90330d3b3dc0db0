package servermode_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
)

// hoarder has a child that holds 50 MB when it is told to.
const hoarder = `#!/bin/bash
while read -r line; do
  case "$line" in
  *'"grow"'*) (x=$(head -c 50000000 /dev/zero | tr '\0' x); read -r _ <>"$TMPDIR/never") </dev/null & ;;
  esac
  mkfifo "$TMPDIR/never" 2>/dev/null
  echo "{\"pid\":$$}" >&3
done
`

func TestServer_FunctionsTellTheMemoryOfTheirTrees(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f, small := newTarget("native", hoarder, nil), newTarget("native", echo, nil)
	r.mustInit(f)
	r.mustInit(small)
	r.run(f, "", `"small"`)
	before := r.functions()
	for _, one := range before {
		require.Len(t, one.Instances, 1)
		assert.Positive(t, one.MemoryBytes)
		assert.Equal(t, one.MemoryBytes, one.Instances[0].MemoryBytes)
		assert.Less(t, one.MemoryBytes, int64(50_000_000))
	}
	r.run(f, "", `"grow"`)
	r.eventually(func() bool {
		for _, one := range r.functions() {
			if (one.MemoryBytes > 50_000_000) != (one.Function == f.spec.Identity().String()) {
				return false
			}
		}
		return true
	})
}

// The server's answer is what the contract's document says.
func TestServer_FunctionsAreAsTheContractSays(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../runtime-spec/openapi.yaml")
	require.NoError(t, err)
	schema := doc.Components.Schemas["Function"].Value
	r := newRig(t, servermode.Config{})
	r.mustInit(newTarget("native", echo, nil))
	resp, err := r.request(t.Context(), http.MethodGet, runtimespec.PathFunctions, nil, nil)
	require.NoError(t, err)
	var list struct{ Functions []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(r.read(resp).body), &list))
	require.Len(t, list.Functions, 1)
	require.NoError(t, schema.VisitJSON(list.Functions[0]))
	for field := range list.Functions[0] {
		assert.Contains(t, schema.Properties, field)
	}
	instance := list.Functions[0]["instances"].([]any)[0].(map[string]any)
	for field := range instance {
		assert.Contains(t, schema.Properties["instances"].Value.Items.Value.Properties, field)
	}
}
