// Package demo is the command that shows an action surviving the death of its
// server. It starts two servers, a balancer and a client container, and kills the
// server that runs the action.
package demo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/action"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/invoker"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
)

// Command plays the demo.
type Command struct {
	Plates string        `default:"examples/plates" type:"existingdir" help:"Folder with plates.py and frames/."`
	Python string        `default:"" help:"Interpreter that has the action's libraries."`
	Limit  time.Duration `default:"5m" help:"Time for the init and for each run."`
}

// Run shows one action, run elsewhere. The invoker talks to the client container
// only, and does not notice that a server is killed.
func (c *Command) Run() (err error) {
	frames, err := readFrames(filepath.Join(c.Plates, "frames"))
	if err != nil {
		return err
	}
	action, err := action.ReadFile(filepath.Join(c.Plates, "plates.py"))
	if err != nil {
		return err
	}
	stage, err := setStage(c.Python)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.clear()) }()
	for _, s := range stage.servers {
		fmt.Printf("servermode    process %-7d is server %s\n", s.pid(), s.label)
	}
	fmt.Printf("loadbalancer  process %-7d stands before them\n", stage.balancer.pid())
	fmt.Printf("clientmode    process %-7d serves %s, all that the invoker talks to\n\n", stage.client.pid(), stage.client.url)
	rows, err := c.runAll(stage, action, frames)
	if err != nil {
		return err
	}
	printTable(os.Stdout, rows)
	return c.showFreed(stage)
}

func (c *Command) runAll(s *stage, action action.Code, frames []frame) ([]row, error) {
	inv := invoker.New(s.client.url, "plates", c.Limit)
	init, err := inv.Init(context.Background(), action, "main", nil)
	if err != nil {
		return nil, err
	}
	if init.Failed() {
		return nil, fmt.Errorf("init: status %d: %s%s", init.Status, init.Body, s.client.tail())
	}
	fmt.Printf("plates.py was initialised in %d ms\n", init.Took.Milliseconds())
	bar := output.NewBar(len(frames), "frames")
	var rows []row
	for i, f := range frames {
		r, err := c.runOne(inv, s, f)
		if err != nil {
			return nil, err
		}
		if i == len(frames)/2 {
			r.note = fmt.Sprintf("server %s, process %d, was killed", r.server.label, r.server.pid())
			r.server.kill()
		}
		rows = append(rows, r)
		_ = bar.Add(1)
	}
	return rows, nil
}

func (c *Command) runOne(inv *invoker.Invoker, s *stage, f frame) (row, error) {
	r, err := inv.Run(context.Background(), map[string]any{"image": base64.StdEncoding.EncodeToString(f.image)})
	if err != nil {
		return row{}, err
	}
	var result struct {
		Plates []struct{ Text string }
		Error  string
	}
	if err := json.Unmarshal(r.Body, &result); err != nil || r.Failed() || result.Error != "" {
		return row{}, fmt.Errorf("%s: status %d: %s%s", f.name, r.Status, r.Body, s.client.tail())
	}
	out := row{frame: f.name, truth: f.truth, took: r.Took}
	for _, p := range result.Plates {
		out.read = append(out.read, p.Text)
	}
	out.server, out.process, err = s.worker()
	return out, err
}

// showFreed stops the client as Kubernetes would, and asks the remaining server
// for its functions.
func (c *Command) showFreed(s *stage) error {
	server, worker, err := s.worker()
	if err != nil {
		return err
	}
	before, err := server.functions()
	if err != nil {
		return err
	}
	fmt.Printf("\nServer %s holds %d function: %s\n", server.label, len(before), describe(before))
	if err := s.client.stop(); err != nil {
		return fmt.Errorf("stopping the client: %w", err)
	}
	fmt.Println("The client container got SIGTERM and gave its function up with /stop.")
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		after, err := server.functions()
		if err != nil {
			return err
		}
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", worker)); len(after) == 0 && errors.Is(err, os.ErrNotExist) {
			fmt.Printf("Server %s holds %d functions, and process %d is gone.\n", server.label, len(after), worker)
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("server %s did not free the function: %s", server.label, describe(after))
		}
	}
}

// listedFunction is a function in the server's list.
type listedFunction struct {
	Name, State string
	Runs        uint64
	Instances   []struct{ PID int }
}

func describe(functions []listedFunction) string {
	var out []string
	for _, f := range functions {
		out = append(out, fmt.Sprintf("%s, %s, %d runs, %d process", f.Name, f.State, f.Runs, len(f.Instances)))
	}
	return strings.Join(out, "; ")
}

// functions returns the server's list, asked for directly.
func (a *actor) functions() ([]listedFunction, error) {
	resp, err := http.Get(a.url + "/functions")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var list struct{ Functions []listedFunction }
	err = json.NewDecoder(resp.Body).Decode(&list)
	return list.Functions, err
}

// worker returns the process that ran the function last, and its server.
func (s *stage) worker() (*actor, int, error) {
	for _, server := range s.servers {
		if server.ended() {
			continue
		}
		list, err := server.functions()
		switch {
		case err != nil:
			return nil, 0, err
		case len(list) == 0:
			continue
		case len(list) != 1 || len(list[0].Instances) != 1:
			return nil, 0, fmt.Errorf("expected one function with one process on server %s: %s", server.label, describe(list))
		}
		pid := list[0].Instances[0].PID
		parent := parentOf(pid)
		if parent != server.pid() && parentOf(parent) != server.pid() { // forked by a child of the server
			return nil, 0, fmt.Errorf("process %d is a child of %d, not of server %s", pid, parent, server.label)
		}
		return server, pid, nil
	}
	return nil, 0, errors.New("no server has the function")
}
