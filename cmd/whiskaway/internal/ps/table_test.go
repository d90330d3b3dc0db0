package ps

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/target"
)

// rows returns a table's, their cells told apart by two spaces or more.
func rows(t *testing.T, all ...listed) (out [][]string) {
	t.Helper()
	var text strings.Builder
	require.NoError(t, printFunctions(&text, all))
	for line := range strings.Lines(text.String()) {
		var cells []string
		for cell := range strings.SplitSeq(strings.TrimSuffix(line, "\n"), "  ") {
			if cell = strings.TrimSpace(cell); cell != "" {
				cells = append(cells, cell)
			}
		}
		out = append(out, cells)
	}
	return out
}

func instancesOf(states ...bool) (out []struct{ Busy bool }) {
	for _, busy := range states {
		out = append(out, struct{ Busy bool }{busy})
	}
	return out
}

func TestPrintFunctions_OfOneTenant(t *testing.T) {
	assert.Equal(t, [][]string{
		{"FUNCTION", "KIND", "STATE", "INSTANCES", "LEASES", "QUEUED", "RUNS", "MEMORY", "IDLE UNTIL"},
		{"/guest/plates", "python:3", "ready", "1/2/4", "3", "5", "7", "1.5 GiB", "in 4m10s"},
		{"12345678", "–", "cold", "0/0", "1", "0", "0", "–", "–"},
	}, rows(t,
		listed{
			Name: "/guest/plates", Kind: "python:3", State: "ready", Instances: instancesOf(true, false), MaxInstances: 4,
			Leases: 3, Waiting: 5, Runs: 7, MemoryBytes: 3 << 29, IdleUntilMS: 250_000,
		},
		listed{Function: "123456789abc", State: "cold", Leases: 1},
	))
}

func TestPrintFunctions_TellsTenantsAndVersionsApart(t *testing.T) {
	got := rows(t,
		listed{Tenant: "bob", Name: "hello", Function: "aaaaaaaaa", State: "cold"},
		listed{Tenant: "alice", Name: "hello", Function: "bbbbbbbbb", State: "cold"},
		listed{Tenant: "bob", Name: "hello", Function: "ccccccccc", State: "cold"},
	)
	var names [][]string
	for _, row := range got {
		names = append(names, row[:2])
	}
	assert.Equal(t, [][]string{{"TENANT", "FUNCTION"}, {"alice", "hello"}, {"bob", "hello aaaaaaaa"}, {"bob", "hello cccccccc"}}, names)
}

func TestPrintFunctions_OfABalancerSaysWhere(t *testing.T) {
	got := rows(t,
		listed{Name: "hello", Function: "aaaaaaaaa", State: "ready", Server: "http://a:1"},
		listed{Name: "hello", Function: "aaaaaaaaa", State: "cold", Server: "http://b:1"},
	)
	var ends [][]string
	for _, row := range got {
		ends = append(ends, []string{row[0], row[len(row)-1]})
	}
	assert.Equal(t, [][]string{{"FUNCTION", "SERVER"}, {"hello", "http://a:1"}, {"hello", "http://b:1"}}, ends, "the same function twice needs no identity")
}

func TestServerList_PrintsWhatIsKnown(t *testing.T) {
	var text strings.Builder
	list := []target.ServerStatus{
		{Server: "http://a:1", ID: "x", State: "healthy", InFlight: 3, Queued: 2, Slots: 4, Sent: 1, Functions: 7},
		{Server: "http://b:1", State: "ejected", Problem: "re\x1bfused"},
	}
	require.NoError(t, printServers(&text, list))
	assert.Equal(t, "SERVER       STATE     LOAD   SLOTS   SENT   FUNCTIONS   PROBLEM\n"+
		"http://a:1   healthy   5      4       1      7           –\n"+
		"http://b:1   ejected   –      –       0      0           re�fused\n", text.String())
}

func TestPrintFunctions_NamesCannotSteerATerminal(t *testing.T) {
	got := rows(t, listed{Name: "\x1b[2Jhi\nthere\tyou", Kind: "a\rb", State: "cold"})
	require.Len(t, got, 2)
	assert.Equal(t, []string{"�[2Jhi�there�you", "a�b"}, got[1][:2])
}

func TestUnits_AreForAReader(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "–", 1: "0.0 KiB", 4096: "4.0 KiB", 12 << 10: "12 KiB", 1 << 20: "1.0 MiB", 1023 << 10: "1.0 MiB", 250 << 20: "250 MiB", 5 << 40: "5.0 TiB", 5 << 50: "5120 TiB",
	} {
		assert.Equal(t, want, size(bytes), "%d", bytes)
	}
	for ms, want := range map[int64]string{
		-1: "never", 0: "–", 1: "in 1s", 59_600: "in 1m", 90_000: "in 1m30s", 3_600_000: "in 1h0m",
	} {
		assert.Equal(t, want, idleUntil(ms), "%d", ms)
	}
}
