package settings_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/settings"
)

type config struct {
	File string `flag:"config" env:"SETTINGS_TEST_CONFIG"`

	Time    time.Duration `flag:"time" default:"10m" env:"SETTINGS_TEST_TIME" reload:"live"`
	Same    time.Duration `flag:"time"`
	Queue   int           `flag:"queue" default:"50" zero:"-1" env:"SETTINGS_TEST_QUEUE" reload:"live"`
	Percent int           `flag:"percent" default:"90" max:"100" env:"SETTINGS_TEST_PERCENT"`
	Slots   int           `flag:"slots" unset:"CPUs" env:"SETTINGS_TEST_SLOTS"`
	Bytes   int64         `flag:"bytes" default:"64KiB" unit:"bytes" env:"SETTINGS_TEST_BYTES"`
	Bool    bool          `flag:"bool" env:"SETTINGS_TEST_BOOL"`
	Level   string        `flag:"level" default:"info" enum:"debug,info" also:"trace" env:"SETTINGS_TEST_LEVEL"`
	Token   string        `flag:"token" type:"file" env:"SETTINGS_TEST_TOKEN" reload:"toggle"`
	List    []string      `flag:"list" env:"SETTINGS_TEST_LIST"`
	Words   []string      `flag:"words" sep:", " env:"SETTINGS_TEST_WORDS"`
	Nested  struct {
		Text string `flag:"nested-text" env:"SETTINGS_TEST_NESTED" default:"two words"`
	}
	Other func() // no setting
}

var defaults = func() (c config) {
	c.Time, c.Same, c.Queue, c.Percent, c.Bytes, c.Level, c.Nested.Text = 10*time.Minute, 10*time.Minute, 50, 90, 64<<10, "info", "two words"
	return c
}()

func parse(args ...string) (c config, err error) {
	err = settings.Command{Name: "test"}.Parse(args, &c)
	return c, err
}

func TestParse_FlagsOverVariablesOverDefaults(t *testing.T) {
	c, err := parse()
	require.NoError(t, err)
	assert.Equal(t, defaults, c)

	t.Setenv("SETTINGS_TEST_TIME", "4m")
	t.Setenv("SETTINGS_TEST_LIST", `a, b\,c`)
	t.Setenv("SETTINGS_TEST_BOOL", "true")
	c, err = parse("--time=3m", "--words", "a b, c", "--nested-text", "x")
	require.NoError(t, err)
	assert.Equal(t, 3*time.Minute, c.Time)
	assert.Equal(t, 3*time.Minute, c.Same, "a setting of two fields")
	assert.Equal(t, []string{"a", "b,c"}, c.List)
	assert.Equal(t, []string{"a", "b", "c"}, c.Words)
	assert.True(t, c.Bool)
	assert.Equal(t, "x", c.Nested.Text)
	c, err = parse("--list", "d,e", "--list=f", "--bool=false")
	require.NoError(t, err)
	assert.Equal(t, []string{"d", "e", "f"}, c.List)
	assert.False(t, c.Bool)
}

// What is not offered may be accepted all the same; the error names what is offered.
func TestParse_ValuesThatAreNotOffered(t *testing.T) {
	c, err := parse("--level=trace")
	require.NoError(t, err)
	assert.Equal(t, "trace", c.Level)
	_, err = parse("--level=")
	assert.EqualError(t, err, `--level must be one of debug, info, not ""`)
}

// Helm and Python write True, operators yes.
func TestParse_Bools(t *testing.T) {
	for text, want := range map[string]bool{"true": true, "True": true, "1": true, "yes": true, "false": false, "FALSE": false, "0": false, "No": false} {
		c, err := parse("--bool", "--bool="+text)
		require.NoError(t, err, text)
		assert.Equal(t, want, c.Bool, text)
		t.Setenv("SETTINGS_TEST_BOOL", text)
		c, err = parse()
		require.NoError(t, err, text)
		assert.Equal(t, want, c.Bool, text)
	}
}

// An empty variable names no file, and is no number: it is as if it were not there.
func TestParse_EmptyVariables(t *testing.T) {
	for _, name := range []string{"TIME", "QUEUE", "BYTES", "LEVEL", "TOKEN", "BOOL"} {
		t.Setenv("SETTINGS_TEST_"+name, "")
	}
	c, err := parse()
	require.NoError(t, err)
	assert.Equal(t, defaults, c)
}

func TestParse_PathsAreAbsolute(t *testing.T) {
	home, err := os.UserHomeDir()
	require.NoError(t, err)
	here, err := os.Getwd()
	require.NoError(t, err)
	for given, want := range map[string]string{"~/x": filepath.Join(home, "x"), "x": filepath.Join(here, "x"), "/x": "/x", "": ""} {
		c, err := parse("--token=" + given)
		require.NoError(t, err)
		assert.Equal(t, want, c.Token, given)
	}
}

func TestParse_NumbersOfBytesHaveUnits(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "2KiB": 2 << 10, "3MiB": 3 << 20, "4GiB": 4 << 30, "5TiB": 5 << 40} {
		c, err := parse("--bytes=" + text)
		require.NoError(t, err, text)
		assert.Equal(t, want, c.Bytes, text)
	}
	for _, text := range []string{"", "0", "-1", "MiB", "1MB", "1.5MiB", "9223372036854775808", "9007199254740993KiB"} {
		_, err := parse("--bytes=" + text)
		assert.ErrorContains(t, err, "--bytes must be a number of bytes above 0, such as 64MiB, not", text)
	}
}

// 0 is not quietly the default: it means something, or it is refused.
func TestParse_Zeros(t *testing.T) {
	c, err := parse("--queue=0", "--slots=0")
	require.NoError(t, err)
	assert.Equal(t, -1, c.Queue)
	assert.Zero(t, c.Slots)
	for _, arg := range []string{"--time=0s", "--percent=0", "--bytes=0"} {
		_, err := parse(arg)
		assert.ErrorContains(t, err, "must be", arg)
	}
}

func TestParse_SaysWhatIsWrong(t *testing.T) {
	t.Setenv("SETTINGS_TEST_WORDS", "a") // nothing is wrong with it
	for says, args := range map[string][]string{
		"there is no flag --qeue; did you mean --queue?":                       {"--qeue=1"},
		"there is no flag --colour (test --help lists what there is)":          {"--colour"},
		"--queue needs a value":                                                {"--queue"},
		`unexpected argument "serve" (test --help lists what there is)`:        {"serve"},
		`--queue must be a whole number, 0 or more, not "many"`:                {"--queue=many"},
		`--queue must be a whole number, 0 or more, not "-5"`:                  {"--queue", "-5"},
		`--percent must be a whole number from 1 to 100, not "101"`:            {"--percent=101"},
		`--time must be a time above 0, such as 10m or 30s, not "5"`:           {"--time=5"},
		`--bool must be true or false, not "maybe"`:                            {"--bool=maybe"},
		`--level must be one of debug, info, not "loud"`:                       {"--level=loud"},
		`--slots must be a whole number, 0 or more, not "9223372036854775808"`: {"--slots=9223372036854775808"},
	} {
		_, err := parse(args...)
		require.EqualError(t, err, says)
		assert.NotErrorIs(t, err, daemon.ErrConfig, "the command line is wrong")
	}
	t.Setenv("SETTINGS_TEST_TIME", "soon")
	_, err := parse("--time=1s")
	assert.EqualError(t, err, `SETTINGS_TEST_TIME must be a time above 0, such as 10m or 30s, not "soon"`, "also where a flag overrides it")
}

func TestFillAndCheck_OfAProgramsOwn(t *testing.T) {
	c := config{Queue: -1, Percent: 50}
	settings.Fill(&c)
	want := defaults
	want.Queue, want.Percent = -1, 50
	assert.Equal(t, want, c)
	require.NoError(t, settings.Check(&c))
	c.Percent = 101
	err := settings.Check(&c)
	require.ErrorIs(t, err, daemon.ErrConfig)
	assert.ErrorContains(t, err, "--percent must be a whole number from 1 to 100, not 101")
}

func TestMerge_TakesWhatAReloadMayChange(t *testing.T) {
	now, next := defaults, defaults
	assert.Empty(t, settings.Merge(&now, next))
	next.Time, next.Percent, next.Token, next.Nested.Text = time.Second, 50, "/token", "other"
	assert.Equal(t, []string{"percent", "token", "nested-text"}, settings.Merge(&now, next))
	want := defaults
	want.Time = time.Second
	assert.Equal(t, want, now)

	now.Token = "/old"
	assert.Equal(t, []string{"percent", "nested-text"}, settings.Merge(&now, next))
	assert.Equal(t, "/token", now.Token, "it was set and is set")
}

func TestHasFile_AnyFileThatIsNamed(t *testing.T) {
	assert.False(t, settings.HasFile(&config{File: "x"}), "this one is not of type file")
	assert.True(t, settings.HasFile(&config{Token: "x"}))
}

func TestOf_ReadsTags(t *testing.T) {
	assert.Equal(t, "WHISKAWAY_KEEP_ALIVE", settings.Of(&struct {
		A time.Duration `flag:"keep-alive"`
	}{})[0].Env)
	assert.Panics(t, func() {
		settings.Fill(&struct {
			A int `flag:"a" default:"many"`
		}{})
	})
}
