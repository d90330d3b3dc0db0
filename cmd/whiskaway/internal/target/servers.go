package target

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// ServerStatus is a server in a balancer's list.
type ServerStatus struct {
	Server, ID, State, Problem string

	Sent, Slots, Queued, Functions, Moving int

	InFlight int `json:"in_flight"`
}

// ServerList is a balancer's list of its servers.
type ServerList struct {
	Servers *[]ServerStatus
	Raw     []byte // the answer
}

// Servers returns the balancer's list.
func (a *Admin) Servers() (list ServerList, err error) {
	if list.Raw, err = a.Ask(http.MethodGet, "/servers", ""); err != nil {
		return list, err
	}
	if err := json.Unmarshal(list.Raw, &list); err != nil || list.Servers == nil {
		return list, fmt.Errorf("what %s answered is no list of servers: is it a Whiskaway balancer?", a.Server)
	}
	return list, nil
}
