package output

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLineWriter_ShowsWholeLinesWithoutSentinels(t *testing.T) {
	var lines []string
	w := &LineWriter{Show: func(line []byte) { lines = append(lines, string(line)) }}
	for _, part := range []string{"one\ntw", "o\n", "XXX_THE_END_OF_A_WHISK_", "ACTIVATION_XXX\nthree", "\n\nrest"} {
		n, err := w.Write([]byte(part))
		require.NoError(t, err)
		require.Equal(t, len(part), n)
	}
	assert.Equal(t, []string{"one", "two", "three", ""}, lines)
}
