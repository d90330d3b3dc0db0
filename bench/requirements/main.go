// Command requirements measures the init of a Python action that has
// requirements: of the first one on a server, which installs them, and of a
// second action with the same requirements, which finds them there. Both go
// through a client container, one after the other in each round, on a fresh
// server.
package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
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

func main() {
	bins := flag.String("bin", "../bin", "folder of clientmode and servermode")
	wanted := flag.String("requirements", "numpy==2.3.4\n", "content of requirements.txt")
	module := flag.String("import", "numpy", "what the actions import of it")
	uv := flag.String("uv", "", "uv to install with; none: pip; empty: both, if uv is there")
	rounds := flag.Int("rounds", 5, "rounds to measure")
	flag.Parse()
	arms := []string{*uv}
	if *uv == "" {
		arms = []string{"none"}
		if path, err := exec.LookPath("uv"); err == nil {
			arms = append(arms, path)
		}
	}
	first, second, bare := map[string][]time.Duration{}, map[string][]time.Duration{}, map[string][]time.Duration{}
	for round := range *rounds {
		for _, arm := range arms {
			fmt.Fprintf(os.Stderr, "\rround %d of %d, uv: %s   ", round+1, *rounds, arm)
			a, b, c, err := measure(*bins, arm, *wanted, *module)
			if err != nil {
				fmt.Fprintln(os.Stderr, "\nrequirements:", err)
				os.Exit(1)
			}
			first[arm], second[arm] = append(first[arm], a), append(second[arm], b)
			bare[arm] = append(bare[arm], c)
		}
	}
	fmt.Fprintln(os.Stderr)
	for _, arm := range arms {
		a, b := median(first[arm]), median(second[arm])
		fmt.Printf("uv: %-20s first init %6.0f ms, second %5.0f ms, ratio 1/%.0f (worst 1/%.0f); the interpreter and its import alone %.0f ms; %d rounds\n",
			arm, ms(a), ms(b), float64(a)/float64(b), float64(slices.Min(first[arm]))/float64(slices.Max(second[arm])), ms(median(bare[arm])), *rounds)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// measure starts a server on an empty folder and initialises two actions. bare
// is what the installed interpreter needs to import the module, with no server.
func measure(bins, uv, wanted, module string) (first, second, bare time.Duration, err error) {
	dir, err := os.MkdirTemp("/var/tmp", "whiskaway-bench-")
	if err != nil {
		return 0, 0, 0, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil {
		return 0, 0, 0, err
	}
	server, err := service.Start(filepath.Join(bins, "servermode"), "--state-dir", filepath.Join(dir, "state"), "--uv", uv, "--log-level", "error")
	if err != nil {
		return 0, 0, 0, err
	}
	defer server.Stop()
	for i, took := range []*time.Duration{&first, &second} {
		code, err := action(i, wanted, module)
		if err == nil {
			*took, err = initThrough(filepath.Join(bins, "clientmode"), server.URL(), code)
		}
		if err != nil {
			return 0, 0, 0, err
		}
	}
	bare, err = importAlone(filepath.Join(dir, "state"), module)
	return first, second, bare, err
}

func importAlone(state, module string) (time.Duration, error) {
	pythons, err := filepath.Glob(filepath.Join(state, "builds/made/*/*/bin/python"))
	if err != nil || len(pythons) != 1 {
		return 0, fmt.Errorf("one environment expected, found %q: %w", pythons, err)
	}
	begin := time.Now()
	err = exec.Command(pythons[0], "-B", "-c", "import "+module).Run()
	return time.Since(begin), err
}

// action returns a zip of the i-th action, in base64.
func action(i int, wanted, module string) (string, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	source := fmt.Sprintf("import %s\ndef main(args):\n    return {'action': %d}\n", module, i)
	for name, text := range map[string]string{"__main__.py": source, "requirements.txt": wanted} {
		f, err := w.Create(name)
		if err != nil {
			return "", err
		}
		if _, err := io.WriteString(f, text); err != nil {
			return "", err
		}
	}
	err := w.Close()
	return base64.StdEncoding.EncodeToString(out.Bytes()), err
}

func initThrough(binary, upstream, code string) (time.Duration, error) {
	client, err := service.Start(binary, "--upstream", upstream, "--kind", "python:3", "--limit", "5m")
	if err != nil {
		return 0, err
	}
	defer client.Stop()
	body, err := json.Marshal(map[string]any{"value": map[string]any{"name": "bench", "main": "main", "binary": true, "code": code}})
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	resp, err := http.Post(client.URL()+"/init", "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("init: %s: %s", resp.Status, answer)
	}
	return time.Since(begin), err
}
