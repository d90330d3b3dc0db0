package servermode_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// Whatever is in place of the id, a server that is ready can start functions.
func TestState_ABadIDIsReplaced(t *testing.T) {
	mine := uuid.NewString()
	for name, c := range map[string]struct {
		text         string
		kept, warned bool
	}{
		"an id":      {mine + "\n", true, false},
		"nothing":    {"", false, false},
		"half":       {mine[:17], false, true},
		"two lines":  {mine + "\n" + mine, false, true},
		"words":      {"hello world=1\n", false, true},
		"zeros":      {strings.Repeat("\x00", 37), false, true},
		"very long":  {strings.Repeat("x", 1<<20), false, true},
		"a way out":  {"../../etc", false, true},
		"no UTF-8":   {"\xff\xfe", false, true},
		"whitespace": {" \n\t", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			state := harness.StateDir(t)
			require.NoError(t, os.MkdirAll(state, 0o711))
			require.NoError(t, os.Chmod(state, 0o711))
			file := filepath.Join(state, "id")
			require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
			core, logs := observer.New(zap.WarnLevel)
			r := newRig(t, servermode.Config{StateDir: state, Log: zap.New(core)})
			f := newTarget("native", echo, nil)
			r.mustInit(f)
			assert.Equal(t, `{"value":1}`, r.run(f, "", "1").body)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			id := strings.TrimSpace(string(text))
			_, err = uuid.Parse(id)
			require.NoError(t, err, "%.100q", id)
			assert.Equal(t, c.kept, id == mine)
			warnings := logs.FilterMessageSnippet("id was not legible")
			assert.Equal(t, c.warned, warnings.Len() == 1)
		})
	}
}
