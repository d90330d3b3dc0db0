// Command start measures how long a client container's process needs from its
// start until it answers, beside the bare start of a process of the same size,
// both interleaved in one go.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"time"
)

func main() {
	binary := flag.String("binary", "../bin/clientmode", "the stripped client binary")
	rounds := flag.Int("rounds", 51, "starts to measure")
	flag.Parse()
	var serving, bare []time.Duration
	for range *rounds {
		took, err := untilServing(*binary)
		if err == nil {
			serving = append(serving, took)
			took, err = untilExit(*binary)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "start:", err)
			os.Exit(1)
		}
		bare = append(bare, took)
	}
	info, _ := os.Stat(*binary)
	fmt.Printf("client binary              %.2f MB\n", float64(info.Size())/1e6)
	report("start until it answers", serving)
	report("start and end (--help)", bare)
}

func report(what string, times []time.Duration) {
	slices.Sort(times)
	at := func(q float64) float64 { return float64(times[int(q*float64(len(times)-1))].Microseconds()) / 1000 }
	fmt.Printf("%-26s median %.1f ms, quartiles %.1f and %.1f ms, %d starts\n", what, at(0.5), at(0.25), at(0.75), len(times))
}

func untilServing(binary string) (time.Duration, error) {
	address, err := freeAddress()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(binary, "--listen", address, "--upstream", "http://127.0.0.1:1")
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	for time.Since(begin) < 10*time.Second {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			continue // refused: not there yet
		}
		defer conn.Close()
		if _, err := fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return 0, err
		}
		_, err = conn.Read(make([]byte, 1))
		return time.Since(begin), err
	}
	return 0, fmt.Errorf("%s does not serve %s", binary, address)
}

func untilExit(binary string) (time.Duration, error) {
	begin := time.Now()
	err := exec.Command(binary, "--help").Run()
	return time.Since(begin), err
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
