package node

import (
	"regexp"
	"strings"
	"unicode"
)

// maxNpmrc bounds .npmrc.
const maxNpmrc = 64 << 10

// npmVariable matches a variable of the environment in .npmrc.
var npmVariable = regexp.MustCompile(`\$\{(\w+)\??\}`)

// readNpmrc reads what the zip's .npmrc tells npm. It fills in the action's own init
// parameters, because a token does not belong into the code. Nothing else of the
// action's environment reaches a build.
func readNpmrc(dir string, env map[string]string) ([]byte, error) {
	text, err := readText(dir, ".npmrc", maxNpmrc)
	if text == nil || err != nil {
		return nil, err
	}
	return npmVariable.ReplaceAllFunc(text, func(name []byte) []byte {
		value, given := env[string(npmVariable.FindSubmatch(name)[1])]
		if !given || strings.ContainsFunc(value, unicode.IsControl) { // a value must not add a line
			return name
		}
		return []byte(value)
	}), nil
}
