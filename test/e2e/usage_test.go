package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/test/harness"
)

// An error in flags, variables or the configuration is one line for a reader,
// whatever the log looks like.
func TestServices_SayInOneLineWhatIsWrongWithTheirSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.yaml")
	write(t, file, "log-levle: info\n")
	for _, binary := range []string{"servermode", "loadbalancer"} {
		for says, args := range map[string][]string{
			"did you mean --listen?":         {"--lsten=:1"},
			"--grace":                        {"--grace=soon"},
			"did you mean log-level?":        {"--config=" + file},
			"set --token-file":               {"--listen=0.0.0.0:0", "--log-format=json", "--state-dir=" + harness.StateDir(t)},
			"unexpected argument \"serve\" ": {"serve"},
		} {
			if binary == "loadbalancer" {
				args = append(args, "--server=http://127.0.0.1:1")
			}
			stdout, stderr, code := run(t, binary, args...)
			want := 2 // the command line's
			if says == "set --token-file" || strings.Contains(says, "log-level") {
				want = 78 // the configuration's
			}
			assert.Equal(t, want, code, args)
			assert.Empty(t, stdout)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			assert.True(t, strings.HasPrefix(stderr, binary+": "), stderr)
			assert.Contains(t, stderr, says)
		}
	}
}

func TestServices_SayTheirVersion(t *testing.T) {
	for _, binary := range []string{"servermode", "loadbalancer"} {
		stdout, stderr, code := run(t, binary, "--version")
		assert.Equal(t, 0, code, stderr)
		assert.Regexp(t, "^"+binary+` \S+.*\(go\d.*\)\n$`, stdout)
	}
}
