package loadbalancer_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/settings"
	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestHosts_WhatIsWrongIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		hosts loadbalancer.Hosts
		says  string
	}{
		"no hook":        {loadbalancer.Hosts{Max: 2}, "--hosts-hook"},
		"no bound":       {loadbalancer.Hosts{Hook: "true"}, "--hosts-max"},
		"bounds":         {loadbalancer.Hosts{Hook: "true", Min: 3, Max: 2}, "--hosts-min"},
		"percent":        {loadbalancer.Hosts{Hook: "true", Max: 2, Busy: 101}, "--hosts-busy"},
		"time":           {loadbalancer.Hosts{Hook: "true", Max: 2, CoolDown: -1}, "--hosts-cool-down"},
		"no program":     {loadbalancer.Hosts{Hook: "/nowhere/hook --now", Max: 2}, "/nowhere/hook"},
		"white space":    {loadbalancer.Hosts{Hook: " ", Max: 2}, "no program"},
		"a word's token": {loadbalancer.Hosts{Hook: "true", Max: 2, TokenFile: "x"}, "--hosts-token-file"},
		"no token":       {loadbalancer.Hosts{Hook: "http://a/hook", Max: 2, TokenFile: "/nowhere/token"}, "--hosts-token-file"},
		"a secret's URL": {loadbalancer.Hosts{Hook: "https://me:secret@a/hook", Max: 2}, "--hosts-token-file"},
	} {
		t.Run(name, func(t *testing.T) {
			err := loadbalancer.New(loadbalancer.Config{StateDir: t.TempDir(), JoinTokenFile: invitation(t), Hosts: c.hosts}).Start()
			assert.ErrorIs(t, err, daemon.ErrConfig)
			assert.ErrorContains(t, err, c.says)
		})
	}
	err := loadbalancer.New(loadbalancer.Config{StateDir: t.TempDir(), Servers: []string{"http://a:1"}, Hosts: loadbalancer.Hosts{Hook: "true", Max: 2}}).Start()
	assert.ErrorContains(t, err, "would not be found")
}

func TestHosts_AReloadTakesAllButWhetherThereIsAHook(t *testing.T) {
	s := newFake(t)
	s.on(runtimespec.PathReady, loaded(4, 1))
	asked := make(chan struct{}, 100)
	o := newOwner(t, func(order) int { asked <- struct{}{}; return http.StatusOK })
	core, logs := observer.New(zapcore.WarnLevel)
	r := newRig(t, loadbalancer.Config{JoinTokenFile: invitation(t), Hosts: quick("false"), Servers: []string{s.URL}, Log: zap.New(core)})
	cfg := r.cfg
	cfg.Hosts = quick(o.URL)
	cfg.Hosts.Max, cfg.Hosts.TokenFile = 7, cfg.JoinTokenFile
	require.NoError(t, r.Reload(cfg))
	filled := cfg.Hosts
	settings.Fill(&filled)
	assert.Equal(t, filled, r.Settings().Hosts)
	wait(t, asked)
	o.mu.Lock()
	assert.Equal(t, 7, o.told[0].Max)
	o.mu.Unlock()

	logs.TakeAll()
	without := cfg
	without.Hosts = loadbalancer.Hosts{}
	require.NoError(t, r.Reload(without))
	assert.Equal(t, filled, r.Settings().Hosts, "as it was")
	require.NotEmpty(t, logs.FilterMessageSnippet("restart the balancer").All())
	cfg.Hosts.Max = 0
	assert.ErrorIs(t, r.Reload(cfg), daemon.ErrConfig)
	assert.Equal(t, 7, r.Settings().Hosts.Max)
}

// A hook that rents a host may end by itself when the balancer does, within its
// time.
func TestHosts_AStopWaitsForTheHook(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o700))
		return path
	}
	there := func(name string) bool { _, err := os.Stat(filepath.Join(dir, name)); return err == nil }
	gate := filepath.Join(dir, "gate")
	for name, c := range map[string]struct {
		patience time.Duration // of who stops it
		rented   bool
	}{"in time": {time.Hour, true}, "too late": {time.Second, false}} {
		t.Run(name, func(t *testing.T) {
			for _, left := range []string{"begun", "rented", "gate"} {
				_ = os.Remove(filepath.Join(dir, left))
			}
			hook := write("hook", "#!/bin/sh\ncd "+dir+"\nmkfifo gate\n: >begun\nread -r line <gate\n: >rented\n")
			b := newRig(t, loadbalancer.Config{JoinTokenFile: invitation(t), Hosts: quick(hook)})
			b.eventually(func() bool { return there("begun") })
			ctx, cancel := context.WithTimeout(t.Context(), c.patience)
			defer cancel()
			stopped := async(func() error { return b.Stop(ctx) })
			if c.rented {
				b.eventually(func() bool { return b.get(runtimespec.PathReady).err != nil })
				require.NoError(t, os.WriteFile(gate, []byte("\n"), 0))
			}
			require.NoError(t, wait(t, stopped))
			assert.Equal(t, c.rented, there("rented"))
		})
	}
}
