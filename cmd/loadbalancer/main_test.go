package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
