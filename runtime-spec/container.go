package runtimespec

import (
	"strconv"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// ContainerEnv returns a container's own __OW_* variables, out of its
// environment. The platform puts __OW_API_HOST there, which the action expects
// to see. extra lists the operator's volatile keys.
func ContainerEnv(environ []string, extra []string) map[string]string {
	env := map[string]string{}
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(key, "__OW_") && !Volatile(key, extra) {
			env[key] = value
		}
	}
	return env
}

// AllowsConcurrent reports whether the platform sends a container several runs
// at once. The variable is often there and false.
func AllowsConcurrent(container map[string]string) bool {
	yes, _ := strconv.ParseBool(container["__OW_ALLOW_CONCURRENT"])
	return yes
}

// Deadline returns when the platform needs the init done, zero if the init does
// not say.
func (b *InitBody) Deadline() time.Time { return deadline([]byte(b.Env["__OW_DEADLINE"])) }

// HasMember reports whether a body's top level has a member of one of these
// names. Like SkimRun it accepts any text.
func HasMember(body []byte, names ...string) (found bool) {
	jsontext.Skim(body, func(name, _ []byte) {
		for _, wanted := range names {
			if text, ok := jsontext.Unquote(name); ok && string(text) == wanted {
				found = true
			}
		}
	})
	return found
}
