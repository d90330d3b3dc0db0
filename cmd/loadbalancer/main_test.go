package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Every policy can be named, and every flag is a setting that a file can hold.
func TestFlags_NameEveryPolicy(t *testing.T) {
	for _, name := range policy.Names() {
		var f flags
		_, err := newParser(&f).Parse([]string{"--policy", name, "--server", "a:1,b:2"})
		require.NoError(t, err)
		assert.Equal(t, name, f.config().Policy)
		assert.Len(t, f.config().Servers, 2)
	}
	var f flags
	for _, flag := range newParser(&f).Model.Flags {
		if flag.Name == "policy" {
			assert.Len(t, strings.Split(flag.Tag.Enum, ","), len(policy.Names()))
		}
	}
}

// 0 is not quietly the default: it is refused, unless it says something.
func TestFlags_NoSizeAndNoTimeIs0(t *testing.T) {
	meaningful := []string{"queue", "grace", "hosts-min", "hosts-max"}
	checked := 0
	var f flags
	for _, flag := range newParser(&f).Model.Flags {
		if kind := flag.Target.Kind(); kind != reflect.Int && kind != reflect.Int64 {
			continue
		}
		zero := "0"
		if flag.Target.Type() == reflect.TypeFor[time.Duration]() {
			zero = "0s"
		}
		_, err := newParser(new(flags)).Parse([]string{"--server", "a:1", "--" + flag.Name, zero})
		if slices.Contains(meaningful, flag.Name) {
			assert.NoError(t, err, flag.Name)
			continue
		}
		checked++
		assert.ErrorIs(t, err, daemon.ErrConfig)
		assert.ErrorContains(t, err, "--"+flag.Name+" must be above 0")
	}
	assert.Greater(t, checked, 10)
}
