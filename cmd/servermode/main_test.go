//go:build linux

package main

import (
	"testing"

	"github.com/whiskaway/whiskaway/internal/daemon/command"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/settingstest"
)

func TestSettings_AreThoseOfThePage(t *testing.T) {
	settingstest.Page(t, "servermode", program.About, &command.Settings[servermode.Config]{})
}
