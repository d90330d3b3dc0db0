package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/internal/daemon/command"
	"github.com/whiskaway/whiskaway/internal/settings"
	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/test/settingstest"
)

// The policies that are offered can be named.
func TestFlags_NameEveryPolicy(t *testing.T) {
	for _, s := range settings.Of(&loadbalancer.Config{}) {
		if s.Flag == "policy" {
			assert.Equal(t, policy.Names(), s.Enum)
			assert.Equal(t, policy.Names()[0], s.Default)
		}
	}
}

func TestSettings_AreThoseOfThePage(t *testing.T) {
	settingstest.Page(t, "loadbalancer", program.About, &command.Settings[loadbalancer.Config]{})
}
