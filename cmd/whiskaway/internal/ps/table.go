package ps

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/target"
)

// listed is a function in a server's or balancer's list.
type listed struct {
	Function, Tenant, Name, Kind, State string
	Server                              string // only in a balancer's list

	Leases, Waiting int
	Runs            uint64
	Instances       []struct{ Busy bool }
	MaxInstances    int   `json:"max_instances"`
	MemoryBytes     int64 `json:"memory_bytes"`
	IdleUntilMS     int64 `json:"idle_until_ms"`
}

// none fills an empty cell.
const none = "–"

// printFunctions prints a table. It has a column for tenants if there are
// several, and one for servers if the answer names them.
func printFunctions(w io.Writer, all []listed) error {
	tenants, names, placed := map[string]bool{}, map[[2]string]map[string]bool{}, false
	for _, f := range all {
		tenants[f.Tenant] = true
		same := [2]string{f.Tenant, f.Name}
		if names[same] == nil {
			names[same] = map[string]bool{}
		}
		names[same][f.Function] = true
		placed = placed || f.Server != ""
	}
	slices.SortStableFunc(all, func(a, b listed) int { return cmp.Compare(a.Tenant, b.Tenant) })
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	row := func(tenant, server string, cells ...string) {
		if placed {
			cells = append(cells, server)
		}
		if len(tenants) > 1 {
			cells = append([]string{tenant}, cells...)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	row("TENANT", "SERVER", "FUNCTION", "KIND", "STATE", "INSTANCES", "LEASES", "QUEUED", "RUNS", "MEMORY", "IDLE UNTIL")
	for _, f := range all {
		row(output.Printable(f.Tenant), output.Printable(f.Server), f.title(len(names[[2]string{f.Tenant, f.Name}]) > 1), output.Printable(cmp.Or(f.Kind, none)), output.Printable(f.State), f.instances(),
			fmt.Sprint(f.Leases), fmt.Sprint(f.Waiting), fmt.Sprint(f.Runs), size(f.MemoryBytes), idleUntil(f.IdleUntilMS))
	}
	return table.Flush()
}

// title returns the action's name. The identity's beginning follows it where the
// name is ambiguous, and stands alone where there is no name.
func (f listed) title(ambiguous bool) string {
	identity := output.Printable(f.Function[:min(8, len(f.Function))])
	switch {
	case f.Name == "":
		return identity
	case ambiguous:
		return output.Printable(f.Name) + " " + identity
	}
	return output.Printable(f.Name)
}

// instances returns busy/all/most instances.
func (f listed) instances() string {
	busy := 0
	for _, i := range f.Instances {
		if i.Busy {
			busy++
		}
	}
	if f.MaxInstances == 0 {
		return fmt.Sprintf("%d/%d", busy, len(f.Instances))
	}
	return fmt.Sprintf("%d/%d/%d", busy, len(f.Instances), f.MaxInstances)
}

// size formats a number of bytes.
func size(bytes int64) string {
	if bytes <= 0 {
		return none
	}
	value, units := float64(bytes)/(1<<10), []string{"KiB", "MiB", "GiB", "TiB"}
	for ; value >= 1000 && len(units) > 1; value /= 1 << 10 {
		units = units[1:]
	}
	if value < 10 {
		return fmt.Sprintf("%.1f %s", value, units[0])
	}
	return fmt.Sprintf("%.0f %s", value, units[0])
}

// idleUntil formats the time until idle processes end.
func idleUntil(ms int64) string {
	switch {
	case ms < 0:
		return "never"
	case ms == 0:
		return none
	}
	text := max(time.Duration(ms)*time.Millisecond, time.Second).Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return "in " + text
}

// printServers prints a table. LOAD is what a server last reported as executing
// or waiting; SENT is what this balancer has in flight there.
func printServers(w io.Writer, list []target.ServerStatus) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(table, strings.Join(cells, "\t")) }
	row("SERVER", "STATE", "LOAD", "SLOTS", "SENT", "FUNCTIONS", "PROBLEM")
	for _, s := range list {
		load, slots := none, none
		if s.Slots > 0 {
			slots = fmt.Sprint(s.Slots)
		}
		if s.ID != "" {
			load = fmt.Sprint(s.InFlight + s.Queued)
		}
		row(output.Printable(s.Server), output.Printable(s.State), load, slots, fmt.Sprint(s.Sent), fmt.Sprint(s.Functions), output.Printable(cmp.Or(s.Problem, none)))
	}
	return table.Flush()
}
