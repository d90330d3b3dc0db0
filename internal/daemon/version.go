package daemon

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version says what was built: the module's version, the commit where that does
// not name it, and by what and for what.
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
