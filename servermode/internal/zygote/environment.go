package zygote

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// atStart are prefixes of variables that an interpreter or its libraries read when
// they start. In a fork that was long ago.
var atStart = []string{
	"PYTHON", "LD_", "MALLOC_", "GLIBC_TUNABLES", "LANG", "LC_", "OPENSSL_",
	"OMP_", "GOMP_", "KMP_", "OPENBLAS_", "MKL_", "BLIS_", "NPY_",
}

// environment is those of a process's variables that are read at its start.
type environment map[string]string

func environmentOf(env []string) environment {
	out := environment{}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if slices.ContainsFunc(atStart, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			out[name] = value
		}
	}
	return out
}

// suits reports whether a process of e can become one that starts with env.
func (e environment) suits(env []string) bool {
	return maps.Equal(e, environmentOf(env)) && !slices.ContainsFunc(env, func(entry string) bool { return !utf8.ValidString(entry) })
}
