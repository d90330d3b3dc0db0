package invoke

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParameters_OfFilesAndPairs(t *testing.T) {
	dir := t.TempDir()
	file := func(text string) string {
		path := filepath.Join(dir, "in.json")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	args, err := parameters([]string{file("\ufeff{\"name\":\"Ada\",\"n\":9007199254740993}\r\n")}, []string{"name=Bob", "n2=1", "text=a b"})
	require.NoError(t, err)
	text, err := json.Marshal(args)
	require.NoError(t, err)
	assert.Equal(t, `{"n":9007199254740993,"n2":1,"name":"Bob","text":"a b"}`, string(text))

	args, err = parameters([]string{file(`[1, 2]`)}, nil)
	require.NoError(t, err)
	text, _ = json.Marshal(args)
	assert.Equal(t, `[1,2]`, string(text))

	for says, c := range map[string]struct {
		text  string
		pairs []string
	}{
		"no place for other arguments": {`[1]`, []string{"a=1"}},
		"holds no JSON object":         {"name: Ada", nil},
		"it is not JSON":               {`{"name":`, nil},
		"is not NAME=VALUE":            {`{}`, []string{"name"}},
	} {
		_, err := parameters([]string{file(c.text)}, c.pairs)
		assert.ErrorContains(t, err, says)
	}
	_, err = parameters([]string{"/nowhere"}, nil)
	assert.ErrorContains(t, err, "no such file")
}
