// Command echo is the action that all runtimes run: it answers each run's
// value, BENCH_SLEEP later if that is set. It speaks ActionLoop through bare
// system calls, because its own time is part of every arm and dilutes the
// ratios.
package main

import (
	"os"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/actionloop"
)

const (
	stdin  = 0
	result = 3
)

func main() {
	sleep, _ := time.ParseDuration(os.Getenv("BENCH_SLEEP"))
	if os.Getenv("__OW_WAIT_FOR_ACK") != "" {
		write([]byte(actionloop.Ack + "\n"))
	}
	line := make([]byte, 4096)
	for {
		n := read(&line)
		if n == 0 {
			return
		}
		time.Sleep(sleep)
		value := actionloop.Value(line[:n])
		if value == nil {
			value = []byte(`{"error":"the run has no value"}`)
		}
		write(append(value, '\n')) // in place: there is always a byte after the value
	}
}

// read reads a line and returns its length; 0: there is none.
func read(line *[]byte) (n int) {
	for n == 0 || (*line)[n-1] != '\n' {
		if n == len(*line) {
			*line = append(*line, make([]byte, n)...)
		}
		more, err := syscall.Read(stdin, (*line)[n:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil || more <= 0 {
			return 0
		}
		n += more
	}
	return n
}

func write(text []byte) {
	for len(text) > 0 {
		n, err := syscall.Write(result, text)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			os.Exit(1)
		}
		text = text[n:]
	}
}
