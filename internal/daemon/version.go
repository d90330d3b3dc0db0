package daemon

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version returns the module's version, the commit if the version does not name
// it, and the Go version and platform of the build.
func Version() string {
	version, commit, changed := "(devel)", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				commit = " " + setting.Value[:min(12, len(setting.Value))]
			case setting.Key == "vcs.modified" && setting.Value == "true":
				changed = " with changes"
			}
		}
	}
	return fmt.Sprintf("%s%s%s (%s %s/%s)", version, commit, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
