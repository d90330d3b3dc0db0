package file_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/settings"
	yaml "github.com/whiskaway/whiskaway/internal/settings/file"
)

type flags struct {
	Config string `flag:"config" env:"FILE_TEST"`

	KeepAlive time.Duration `flag:"keep-alive" default:"10m" env:"FILE_TEST_KEEP_ALIVE"`
	Queue     int           `flag:"queue" default:"50" min:"0" env:"FILE_TEST_QUEUE"`
	Bytes     int64         `flag:"bytes" default:"1" unit:"bytes" env:"FILE_TEST_BYTES"`
	Ack       bool          `flag:"ack" env:"FILE_TEST_ACK"`
	Python    string        `flag:"python" env:"FILE_TEST_PYTHON"`
	PassEnv   []string      `flag:"pass-env" env:"FILE_TEST_PASS_ENV"`
	Level     string        `flag:"level" default:"info" enum:"debug,info" env:"FILE_TEST_LEVEL"`
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "settings.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func parse(t *testing.T, args ...string) (flags, error) {
	t.Helper()
	var f flags
	err := settings.Command{Name: "test", File: yaml.Read}.Parse(args, &f)
	return f, err
}

func TestFrom_FlagThenVariableThenFileThenDefault(t *testing.T) {
	path := file(t, "keep-alive: 5m\nqueue: 7\npass-env: [A, 'B,C']\n")
	f, err := parse(t)
	require.NoError(t, err)
	assert.Equal(t, flags{KeepAlive: 10 * time.Minute, Queue: 50, Bytes: 1, Level: "info"}, f, "defaults")
	f, err = parse(t, "--config", path)
	require.NoError(t, err)
	assert.Equal(t, flags{Config: path, KeepAlive: 5 * time.Minute, Queue: 7, Bytes: 1, Level: "info", PassEnv: []string{"A", "B,C"}}, f, "the file")

	t.Setenv("FILE_TEST", path)
	t.Setenv("FILE_TEST_KEEP_ALIVE", "4m")
	t.Setenv("FILE_TEST_QUEUE", "6")
	t.Setenv("FILE_TEST_PASS_ENV", "D")
	f, err = parse(t, "--queue=5")
	require.NoError(t, err)
	assert.Equal(t, flags{Config: path, KeepAlive: 4 * time.Minute, Queue: 5, Bytes: 1, Level: "info", PassEnv: []string{"D"}}, f, "variables, and a flag before all")

	t.Setenv("FILE_TEST", "/nowhere")
	f, err = parse(t, "--config", path)
	require.NoError(t, err, "the flag says which file")
	assert.Equal(t, path, f.Config)
}

func TestFrom_EveryType(t *testing.T) {
	for _, text := range []string{
		"keep-alive: 90s\nqueue: 0\nbytes: 8GiB\nack: true\npython: /usr/bin/python3\npass-env:\n  - A\nlevel: debug\n",
		"{keep-alive: 1m30s, queue: 0, bytes: 8GiB, ack: true, python: &p /usr/bin/python3, pass-env: [A], level: debug}",
	} {
		f, err := parse(t, "--config", file(t, text))
		require.NoError(t, err)
		f.Config = ""
		assert.Equal(t, flags{KeepAlive: 90 * time.Second, Bytes: 8 << 30, Ack: true, Python: "/usr/bin/python3", PassEnv: []string{"A"}, Level: "debug"}, f)
	}
	for _, text := range []string{"", "# nothing yet\n", "---\n", "{}\n"} {
		f, err := parse(t, "--config", file(t, text))
		require.NoError(t, err, text)
		assert.Equal(t, 50, f.Queue)
	}
}

func TestFrom_SaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"unknown key":         {"queue: 1\nkeepalive: 5m\n", "line 2: keepalive is no setting; did you mean keep-alive?"},
		"a variable's name":   {"WHISKAWAY_PASS_ENV: [A]\n", "did you mean pass-env?"},
		"a slip":              {"pyhton: python3\n", "did you mean python?"},
		"nothing like it":     {"colour: red\n", "line 1: colour is no setting; there are: ack, bytes, keep-alive, level, pass-env, python, queue"},
		"itself":              {"config: other.yaml\n", "config is no setting"},
		"help":                {"help: true\n", "help is no setting"},
		"a time without unit": {"keep-alive: 5\n", "keep-alive must be a time above 0, such as 10m or 30s, not 5"},
		"no time":             {"keep-alive: -5m\n", `keep-alive must be a time above 0, such as 10m or 30s, not "-5m"`},
		"no number":           {"queue: many\n", `queue must be a whole number, 0 or more, not "many"`},
		"a quoted number":     {"queue: '5'\n", `queue must be a whole number, 0 or more, not "5"`},
		"a negative number":   {"queue: -5\n", "queue must be a whole number, 0 or more, not -5"},
		"too large":           {"queue: 9223372036854775808\n", "queue must be a whole number"},
		"half a number":       {"queue: 1.5\n", "queue must be a whole number"},
		"no bool":             {"ack: 1\n", "ack must be true or false, not 1"},
		"a number for a text": {"python: 3.12\n", "python must be a text, not 3.12 (quotes make it a text)"},
		"a list for a text":   {"python: [a]\n", "python must be a text, not a list"},
		"a group for a text":  {"python: {a: b}\n", "python must be a text, not a group of settings"},
		"a text for a list":   {"pass-env: A\n", "pass-env must be a list of texts, such as [one, two]"},
		"a list of numbers":   {"pass-env: [1]\n", "pass-env must be a list of texts, such as [one, two]"},
		"not in the enum":     {"level: loud\n", `level must be one of debug, info, not "loud"`},
		"nothing":             {"queue:\n", "queue must be a whole number, 0 or more, not nothing"},
		"twice":               {"queue: 1\nqueue: 2\n", "line 2: queue is there twice"},
		"a list":              {"- queue\n", "it must hold settings, such as keep-alive: 5m"},
		"two documents":       {"queue: 1\n---\nqueue: 2\n", "there must be one document in it"},
		"no bytes":            {"bytes: 5 GB\n", `bytes must be a number of bytes above 0, such as 64MiB, not "5 GB"`},
		"no bytes at all":     {"bytes: 0\n", "bytes must be a number of bytes above 0, such as 64MiB, not 0"},
		"no yaml":             {"queue: [\n", "yaml:"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, c.text)
			_, err := parse(t, "--config", path, "--queue=1")
			require.ErrorIs(t, err, daemon.ErrConfig)
			assert.ErrorContains(t, err, c.says)
			assert.ErrorContains(t, err, path)
		})
	}
	_, err := parse(t, "--config", "/nowhere/settings.yaml")
	require.ErrorIs(t, err, daemon.ErrConfig)
	assert.ErrorContains(t, err, "/nowhere/settings.yaml")
}
