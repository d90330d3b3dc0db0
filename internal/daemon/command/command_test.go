package command

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

type config struct {
	Token string `flag:"token" type:"file"`
	Word  string `flag:"word"`
}

// service keeps what it is told.
type service struct{ told []string }

func (*service) Start() error               { return nil }
func (*service) Addr() string               { return "" }
func (*service) Stop(context.Context) error { return nil }

func (s *service) Reload(c config) error {
	if c.Word == "bad" {
		return errors.New("no")
	}
	s.told = append(s.told, c.Word)
	return nil
}

// started returns a command that was started with arguments.
func started(t *testing.T, args ...string) (*reloading[config], *service, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.WarnLevel)
	s := &service{}
	r := &reloading[config]{Service: s, program: &Program[config]{Name: "test"}, args: args, level: zap.NewAtomicLevel(), log: zap.New(core)}
	require.NoError(t, r.program.command().Parse(args, &r.started))
	return r, s, logs
}

// A hang-up reloads whatever file there is.
func TestReloading_CanReloadWithAnyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("log-level: info\n"), 0o600))
	for args, can := range map[string]bool{"--word=x": false, "--config=" + file: true, "--token=" + file: true} {
		r, _, _ := started(t, args)
		assert.Equal(t, can, r.CanReload(), args)
	}
}

func TestReloading_ReadsItAllAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	write("word: one\n")
	r, s, logs := started(t, "--config="+file)
	write("word: two\nlog-level: warn\ngrace: 1s\nlog: file\n")
	require.NoError(t, r.Reload())
	assert.Equal(t, []string{"two"}, s.told)
	assert.Equal(t, zapcore.WarnLevel, r.level.Level())
	require.Equal(t, 1, logs.Len())
	assert.Equal(t, []any{"grace", "log"}, logs.All()[0].ContextMap()["settings"])

	for _, text := range []string{"word: bad\nlog-level: error\n", "word: three\nlog-level: loud\n"} {
		write(text)
		require.Error(t, r.Reload())
		assert.Equal(t, []string{"two"}, s.told)
		assert.Equal(t, zapcore.WarnLevel, r.level.Level(), "nothing has changed")
	}
}
