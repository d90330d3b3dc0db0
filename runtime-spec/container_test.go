package runtimespec_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestContainerEnv_IsThePlatformsAndLasts(t *testing.T) {
	env := runtimespec.ContainerEnv([]string{
		"PATH=/bin", "__OW_API_HOST=https://a=b", "__OW_EMPTY=", "__OW_ACTIVATION_ID=x", "__OW_MINE=y", "OW_COMPILER=/x",
	}, []string{"__OW_MINE"})
	assert.Equal(t, map[string]string{"__OW_API_HOST": "https://a=b", "__OW_EMPTY": ""}, env)
	for value, allowed := range map[string]bool{"true": true, "1": true, "false": false, "yes please": false, "": false} {
		assert.Equal(t, allowed, runtimespec.AllowsConcurrent(map[string]string{"__OW_ALLOW_CONCURRENT": value}), value)
	}
}

func TestInitBody_Deadline(t *testing.T) {
	for env, want := range map[string]time.Time{
		`{"__OW_DEADLINE":"1700000000123"}`: time.UnixMilli(1700000000123),
		`{"__OW_DEADLINE":1700000000123}`:   time.UnixMilli(1700000000123),
		`{"__OW_DEADLINE":"soon"}`:          {},
		`{"__OW_DEADLINE":"-1"}`:            {},
		`{}`:                                {},
		`null`:                              {},
	} {
		init, err := runtimespec.ParseInit([]byte(`{"value":{"code":"x","env":` + env + `}}`))
		require.NoError(t, err)
		assert.True(t, want.Equal(init.Deadline()), "%s: %v", env, init.Deadline())
	}
}

func TestHasMember_LooksAtTheTopLevelOnly(t *testing.T) {
	for body, want := range map[string]bool{
		`{"value":{},"a":null}`:       true,
		`{ "b" : [1,{"x":2}] }`:       true,
		`{"\u0061":1}`:                true,
		`{"value":{"a":1},"c":"a"}`:   false,
		`["a"]`:                       false,
		`"a"`:                         false,
		``:                            false,
		`{"c":`:                       false,
		`{"c":"\"a\":1","d":{"b":1}}`: false,
	} {
		assert.Equal(t, want, runtimespec.HasMember([]byte(body), "a", "b"), body)
	}
}
