// Package test holds the repository to its own rules: which package may import
// which, the documents, the words, and the allocations of a run.
package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/whiskaway/whiskaway"

// imports maps each of our packages to what its non-test files import.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"/...").Output()
	require.NoError(t, err)
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		all[strings.TrimPrefix(fields[0], module+"/")] = fields[1:]
	}
	require.Contains(t, all, "servermode/internal/function")
	return all
}

// room returns the top folder that an import of ours lies in, empty for others'.
func room(path string) string {
	own, ours := strings.CutPrefix(path, module+"/")
	if !ours {
		return ""
	}
	top, _, _ := strings.Cut(own, "/")
	return top
}

// Data goes one way: cmd → services → runtime-spec and internal. An example is a
// program of a user's: it may use what is public, a balancer with a policy of its
// own say, and nothing internal.
func TestHouse_DependenciesPointOneWay(t *testing.T) {
	may := map[string]string{
		"cmd":          "cmd clientmode servermode loadbalancer runtime-spec internal",
		"clientmode":   "clientmode runtime-spec internal",
		"servermode":   "servermode runtime-spec internal",
		"loadbalancer": "loadbalancer runtime-spec internal",
		"runtime-spec": "runtime-spec internal", // jsontext alone: see below
		"internal":     "internal runtime-spec",
		"test":         "test runtime-spec servermode clientmode loadbalancer internal",
		"examples":     "examples runtime-spec loadbalancer",
	}
	for pkg, deps := range imports(t) {
		from := room(module + "/" + pkg)
		require.Contains(t, may, from, "%s: a new room needs its rule here", pkg)
		for _, dep := range deps {
			if to := room(dep); to != "" {
				assert.Contains(t, strings.Fields(may[from]), to, "%s imports %s", pkg, dep)
				if from == "examples" {
					assert.NotContains(t, dep, "/internal/", "%s: a user could not import it", pkg)
				}
			}
		}
	}
}

func isService(pkg string) bool {
	return slices.Contains([]string{"clientmode", "servermode", "loadbalancer"}, room(module+"/"+pkg))
}

// speaksHTTP are the packages under a service that may know HTTP: a foreign dialect
// is one of HTTP, and functions of kind http are web servers.
var speaksHTTP = []string{"servermode/internal/openserverless", "servermode/internal/plain", "servermode/internal/webproc", "clientmode/internal/openserverless"}

// The packages under a service know no web framework, and no HTTP.
func TestHouse_DomainCodeKnowsNoHTTP(t *testing.T) {
	for pkg, deps := range imports(t) {
		for _, dep := range deps {
			if isService(pkg) && strings.Contains(pkg, "/internal/") && !slices.Contains(speaksHTTP, pkg) {
				assert.NotEqual(t, "net/http", dep, "%s", pkg)
			}
			if strings.HasPrefix(dep, "github.com/labstack/echo") {
				assert.Contains(t, []string{"clientmode", "servermode", "loadbalancer", "internal/web", "internal/endpoint"}, pkg, "echo belongs to HTTP-facing packages")
			}
		}
	}
}

// One package reads JSON as text, and no other one knows the library behind it.
func TestHouse_OnePackageScansJSON(t *testing.T) {
	for pkg, deps := range imports(t) {
		for _, dep := range deps {
			if pkg != "internal/jsontext" {
				assert.NotContains(t, dep, "go-json-experiment", "%s", pkg)
			}
		}
	}
}

// The contract depends on nothing of ours but the JSON scanner, and the suite
// on the standard library and its own packages, so that any program can use
// them.
func TestHouse_TheContractStandsAlone(t *testing.T) {
	for pkg, deps := range imports(t) {
		for _, dep := range deps {
			if room(module+"/"+pkg) == "runtime-spec" && room(dep) == "internal" {
				assert.Equal(t, module+"/internal/jsontext", dep, "%s", pkg)
			}
			if strings.HasPrefix(pkg, "runtime-spec/conformance") {
				own := strings.HasPrefix(dep, module+"/runtime-spec/conformance/")
				assert.True(t, own || !strings.Contains(dep, "."), "%s imports %s: more than the standard library", pkg, dep)
			}
		}
	}
}

// The client container is small and started often: what servers and balancers
// have between them is not in it.
func TestHouse_TheClientKnowsNoTunnel(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", module+"/cmd/clientmode").Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), module+"/internal/upstream\n")
	for _, pkg := range []string{"github.com/hashicorp/yamux", module + "/internal/tunnel"} {
		assert.NotContains(t, string(out), pkg+"\n")
	}
}

// OpenTelemetry's SDK is as large as the whole container, which passes the
// platform's trace context on and records no spans.
func TestHouse_TheClientKnowsNoSDK(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", module+"/cmd/clientmode").Output()
	require.NoError(t, err)
	assert.NotContains(t, string(out), "go.opentelemetry.io/")
}

// The balancer's policy and state are the same when they are simulated: they reach for
// nothing outside, and the clock and random numbers are passed in.
func TestHouse_ThePolicyIsPure(t *testing.T) {
	ambient := regexp.MustCompile(`time\.(Now|Since|Until|After|Sleep|NewTimer|NewTicker)\(|rand\.(Int|Uint|Float|Norm|Exp|Perm|Shuffle)`)
	all := imports(t)
	for pkg, may := range map[string][]string{
		"loadbalancer/policy":           nil,
		"loadbalancer/policy/simulator": {module + "/loadbalancer/policy", module + "/loadbalancer/internal/state", module + "/runtime-spec"},
		"loadbalancer/internal/queue":   nil,
		"loadbalancer/internal/state": {module + "/loadbalancer/policy", module + "/loadbalancer/internal/queue", module + "/internal/refusal",
			module + "/runtime-spec", "sync"}, // its lock
	} {
		require.Contains(t, all, pkg)
		for _, dep := range all[pkg] {
			if slices.Contains(may, dep) {
				continue
			}
			assert.NotContains(t, dep, ".", "%s imports more than the standard library", pkg)
			for _, impure := range []string{"os", "io", "net", "sync", "context", "log", "syscall"} {
				assert.False(t, dep == impure || strings.HasPrefix(dep, impure+"/"), "%s imports %s", pkg, dep)
			}
		}
		sources, err := filepath.Glob("../" + pkg + "/*.go")
		require.NoError(t, err)
		for _, name := range sources {
			source, err := os.ReadFile(name)
			require.NoError(t, err)
			assert.Empty(t, ambient.FindString(string(source)), name)
		}
	}
}
