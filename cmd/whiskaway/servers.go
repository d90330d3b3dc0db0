package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
)

// serverStatus is a server as a balancer tells of it.
type serverStatus struct {
	Server, ID, State, Problem string

	Sent, Slots, Queued, Functions, Moving int

	InFlight int `json:"in_flight"`
}

// serverList is what a balancer says of its servers.
type serverList struct {
	Policy  string
	Servers *[]serverStatus
	raw     []byte // the answer
}

// servers asks a balancer for them.
func (a *asking) servers() (list serverList, err error) {
	if list.raw, err = a.ask(http.MethodGet, "/servers", ""); err != nil {
		return list, err
	}
	if err := json.Unmarshal(list.raw, &list); err != nil || list.Servers == nil {
		return list, fmt.Errorf("what %s answered is no list of servers: is it a Whiskaway balancer?", a.Server)
	}
	return list, nil
}

// print prints a table: LOAD is what a server executes and what waits there, as
// it said last, SENT what this balancer has in flight there.
func (l serverList) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(table, strings.Join(cells, "\t")) }
	row("SERVER", "STATE", "LOAD", "SLOTS", "SENT", "FUNCTIONS", "PROBLEM")
	for _, s := range *l.Servers {
		load, slots := none, none
		if s.Slots > 0 {
			slots = fmt.Sprint(s.Slots)
		}
		if s.ID != "" {
			load = fmt.Sprint(s.InFlight + s.Queued)
		}
		row(printable(s.Server), printable(s.State), load, slots, fmt.Sprint(s.Sent), fmt.Sprint(s.Functions), printable(cmp.Or(s.Problem, none)))
	}
	return table.Flush()
}
