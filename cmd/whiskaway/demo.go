package main

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
)

type demoCommand struct {
	Plates string        `default:"examples/plates" type:"existingdir" help:"Folder with plates.py and frames/."`
	Python string        `default:"" help:"Interpreter that has the action's libraries."`
	Limit  time.Duration `default:"60s" help:"Time for the init and for each run."`
}

// Run shows one action, run elsewhere: the invoker talks to the client
// container only.
func (c *demoCommand) Run() (err error) {
	frames, err := readFrames(filepath.Join(c.Plates, "frames"))
	if err != nil {
		return err
	}
	action, err := readCode(filepath.Join(c.Plates, "plates.py"))
	if err != nil {
		return err
	}
	stage, err := setStage(c.Python)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.clear()) }()
	fmt.Printf("servermode  process %-7d serves %s\n", stage.server.pid(), stage.server.url)
	fmt.Printf("clientmode  process %-7d serves %s, all that the invoker talks to\n\n", stage.client.pid(), stage.client.url)
	rows, err := c.runAll(stage, action, frames)
	if err != nil {
		return err
	}
	printTable(os.Stdout, rows)
	return c.showFreed(stage)
}

func (c *demoCommand) runAll(s *stage, action code, frames []frame) ([]row, error) {
	inv := newInvoker(s.client.url, "plates", c.Limit)
	init, err := inv.init(context.Background(), action, "main", nil)
	if err != nil {
		return nil, err
	}
	if init.failed() {
		return nil, fmt.Errorf("init: status %d: %s%s", init.Status, init.Body, s.client.tail())
	}
	fmt.Printf("plates.py was initialised in %d ms\n", init.Took.Milliseconds())
	bar := newBar(len(frames), "frames")
	var rows []row
	for _, f := range frames {
		r, err := c.runOne(inv, s, f)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
		_ = bar.Add(1)
	}
	return rows, nil
}

func (c *demoCommand) runOne(inv *invoker, s *stage, f frame) (row, error) {
	r, err := inv.run(context.Background(), map[string]any{"image": base64.StdEncoding.EncodeToString(f.image)})
	if err != nil {
		return row{}, err
	}
	var result struct {
		Plates []struct{ Text string }
		Error  string
	}
	if err := json.Unmarshal(r.Body, &result); err != nil || r.failed() || result.Error != "" {
		return row{}, fmt.Errorf("%s: status %d: %s%s", f.name, r.Status, r.Body, s.client.tail())
	}
	out := row{frame: f.name, truth: f.truth, took: r.Took}
	for _, p := range result.Plates {
		out.read = append(out.read, p.Text)
	}
	out.process, err = s.worker()
	return out, err
}

// showFreed stops the client as Kubernetes would and asks the server what it
// still holds.
func (c *demoCommand) showFreed(s *stage) error {
	before, err := s.functions()
	if err != nil {
		return err
	}
	worker, err := s.worker()
	if err != nil {
		return err
	}
	fmt.Printf("\nThe server holds %d function: %s\n", len(before), describe(before))
	if err := s.client.stop(); err != nil {
		return fmt.Errorf("stopping the client: %w", err)
	}
	fmt.Println("The client container got SIGTERM and gave its function up with /stop.")
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		after, err := s.functions()
		if err != nil {
			return err
		}
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", worker)); len(after) == 0 && errors.Is(err, os.ErrNotExist) {
			fmt.Printf("The server holds %d functions, and process %d is gone.\n", len(after), worker)
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the server did not free the function: %s", describe(after))
		}
	}
}

// held is one function as the server lists it.
type held struct {
	Name, State string
	Runs        uint64
	Instances   []struct{ PID int }
}

func describe(functions []held) string {
	var out []string
	for _, f := range functions {
		out = append(out, fmt.Sprintf("%s, %s, %d runs, %d process", f.Name, f.State, f.Runs, len(f.Instances)))
	}
	return strings.Join(out, "; ")
}

// functions asks the server, not the client, what it holds.
func (s *stage) functions() ([]held, error) {
	resp, err := http.Get(s.server.url + "/functions")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var list struct{ Functions []held }
	err = json.NewDecoder(resp.Body).Decode(&list)
	return list.Functions, err
}

// worker is the process that runs the function, which must be the server's.
func (s *stage) worker() (int, error) {
	list, err := s.functions()
	if err != nil {
		return 0, err
	}
	if len(list) != 1 || len(list[0].Instances) != 1 {
		return 0, fmt.Errorf("expected one function with one process on the server: %s", describe(list))
	}
	pid := list[0].Instances[0].PID
	parent := parentOf(pid)
	if parent != s.server.pid() && parentOf(parent) != s.server.pid() { // forked by a child of the server
		return 0, fmt.Errorf("process %d is a child of %d, not of the server", pid, parent)
	}
	return pid, nil
}
