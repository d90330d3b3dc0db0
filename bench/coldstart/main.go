// Command coldstart measures inits of functions that are new to a server, from
// the request to the answer that they are ready. Its arms are the same Python
// action forked and executed, plain and with numpy, and a JavaScript action
// beside the bare start of node. All arms take turns in each round, on servers
// that run throughout.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/service"
)

// arm is one thing that is measured each round.
type arm struct {
	name  string
	once  func(round int) (time.Duration, error)
	times []time.Duration
}

// settle is how long a server gets to end a function undisturbed.
const settle = 100 * time.Millisecond

const (
	plain     = "def main(args):\n    return args\n"
	withNumpy = "import numpy\ndef main(args):\n    return {'sum': float(numpy.ones(3).sum())}\n"
	script    = "function main(args) { return args; }\n"
)

func main() {
	bins := flag.String("bin", "../bin", "folder of servermode")
	rounds := flag.Int("rounds", 101, "rounds to measure")
	python := flag.String("python", "", "interpreter that has numpy; empty: one is made")
	base := flag.String("base", "/usr/bin/python3", "interpreter that it is made of")
	flag.Parse()
	if err := run(*bins, *python, *base, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "coldstart:", err)
		os.Exit(1)
	}
}

func run(bins, python, base string, rounds int) error {
	dir, err := os.MkdirTemp("/var/tmp", "whiskaway-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil {
		return err
	}
	if python == "" {
		if python, err = makePython(base, filepath.Join(dir, "python")); err != nil {
			return err
		}
	}
	urls := map[string]string{}
	for name, args := range map[string][]string{"forked": nil, "preloaded": {"--preload", "numpy"}, "executed": {"--no-fork"}} {
		args = append([]string{"--state-dir", filepath.Join(dir, name), "--python", python, "--log-level", "error"}, args...)
		server, err := service.Start(filepath.Join(bins, "servermode"), args...)
		if err != nil {
			return err
		}
		defer server.Stop()
		urls[name] = server.URL()
	}
	arms := []*arm{
		{name: "forked", once: initOn(urls["forked"], plain)},
		{name: "executed", once: initOn(urls["executed"], plain)},
		{name: "numpy preloaded", once: initOn(urls["preloaded"], withNumpy)},
		{name: "numpy executed", once: initOn(urls["executed"], withNumpy)},
		{name: "node", once: initOn(urls["executed"], script)},
		{name: "node -e 0", once: bareNode},
		{name: "python -B -c 0", once: func(int) (time.Duration, error) { return timed(exec.Command(python, "-B", "-c", "0")) }},
	}
	if err := measure(arms, rounds); err != nil {
		return err
	}
	report(arms)
	return nil
}

// measure gives each arm its turn in each round. The first rounds do not count.
func measure(arms []*arm, rounds int) error {
	const warmup = 3
	for round := range rounds + warmup {
		for i := range arms {
			a := arms[(i+round)%len(arms)]
			took, err := a.once(round)
			if err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
			if round >= warmup {
				a.times = append(a.times, took)
			}
		}
	}
	return nil
}

func report(arms []*arm) {
	medians := map[string]float64{}
	for _, a := range arms {
		slices.Sort(a.times)
		at := func(q float64) float64 {
			return float64(a.times[int(q*float64(len(a.times)-1))].Microseconds()) / 1000
		}
		medians[a.name] = at(0.5)
		fmt.Printf("%-16s median %6.2f ms, quartiles %6.2f and %6.2f ms, %d inits\n", a.name, at(0.5), at(0.25), at(0.75), len(a.times))
	}
	fmt.Printf("forked 1/%.1f of executed; numpy preloaded 1/%.1f of executed; node init %.2f of its bare start\n",
		medians["executed"]/medians["forked"], medians["numpy executed"]/medians["numpy preloaded"], medians["node"]/medians["node -e 0"])
}

// initOn initialises a function that is new to the server, as a caller without
// our headers does. It frees the function afterwards, which is not timed.
func initOn(url, code string) func(round int) (time.Duration, error) {
	return func(round int) (time.Duration, error) {
		body, err := json.Marshal(map[string]any{"value": map[string]any{
			"name": "bench", "main": "main", "code": code, "env": map[string]string{"ROUND": fmt.Sprint(round)},
		}})
		if err != nil {
			return 0, err
		}
		begin := time.Now()
		if err := post(url+"/init", body); err != nil {
			return 0, err
		}
		took := time.Since(begin)
		defer time.Sleep(settle)
		return took, post(url+"/stop", nil)
	}
}

func post(url string, body []byte) error {
	resp, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, resp.Status, answer)
	}
	return err
}

func bareNode(int) (time.Duration, error) { return timed(exec.Command("node", "-e", "0")) }

// timed runs a program with an environment as small as that of a function.
func timed(cmd *exec.Cmd) (time.Duration, error) {
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	begin := time.Now()
	err := cmd.Run()
	return time.Since(begin), err
}

// makePython makes an environment with numpy.
func makePython(base, dir string) (string, error) {
	python := filepath.Join(dir, "bin", "python")
	for _, command := range [][]string{{base, "-m", "venv", dir}, {python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "numpy==2.3.4"}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%q: %w: %s", command, err, out)
		}
	}
	return python, nil
}
