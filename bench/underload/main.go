// Command underload measures servers under load, through real binaries and real
// connections: how a server's pools grow, what it keeps in memory, what one
// tenant costs another, and what happens to runs when it is killed; and behind
// a balancer, what happens to runs when servers are killed, hang, are restarted
// or are slow. Each figure is measured in one session, its arms take turns, and
// only ratios count.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

// figures in the order in which all of them are measured.
var figures = []struct {
	name    string
	measure func(*rig) (result, error)
}{{"pool", pool}, {"memory", memory}, {"fairness", fairness}, {"crash", crash},
	{"killed", killed}, {"frozen", frozen}, {"rolling", rolling}, {"slow", slow}, {"cold", cold}, {"line", line}}

func main() {
	r := &rig{}
	flags := flag.NewFlagSet("underload", flag.ExitOnError)
	flags.Usage = func() {
		fmt.Fprint(os.Stderr, "underload [pool|memory|fairness|crash|killed|frozen|rolling|slow|cold|line|all] [flags]\n\n")
		flags.PrintDefaults()
	}
	flags.StringVar(&r.bins, "bin", "../bin", "folder of clientmode, loadbalancer and servermode")
	flags.IntVar(&r.rounds, "rounds", 0, "rounds to measure; 0: the figure's own number")
	flags.DurationVar(&r.phase, "phase", 0, "how long a phase of load lasts; 0: the figure's own time")
	out := flags.String("json", "", "file for the numbers")
	if err := run(r, parse(flags, os.Args[1:]), out); err != nil {
		fmt.Fprintln(os.Stderr, "underload:", err)
		os.Exit(1)
	}
}

// parse takes flags before and after the figures' names.
func parse(flags *flag.FlagSet, args []string) (names []string) {
	for len(args) > 0 {
		_ = flags.Parse(args) // ends the process itself when something is wrong
		if args = flags.Args(); len(args) > 0 {
			names, args = append(names, args[0]), args[1:]
		}
	}
	if len(names) == 0 {
		return []string{"all"}
	}
	return names
}

func run(r *rig, names []string, out *string) error {
	for _, name := range names {
		if name != "all" && !slices.Contains(figureNames(), name) {
			return fmt.Errorf("no figure %q: choose %s or all", name, strings.Join(figureNames(), ", "))
		}
	}
	if err := r.open(); err != nil {
		return err
	}
	defer r.close()
	var results []result
	for _, f := range figures {
		if !slices.Contains(names, "all") && !slices.Contains(names, f.name) {
			continue
		}
		measured, err := f.measure(r)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		measured.Figure = f.name
		measured.print(os.Stdout)
		results = append(results, measured)
	}
	return writeJSON(*out, results)
}

func figureNames() (names []string) {
	for _, f := range figures {
		names = append(names, f.name)
	}
	return names
}
