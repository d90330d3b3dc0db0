// Command action is the native function that most figures run: it speaks
// ActionLoop, and does what each run tells it to do.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"time"
)

// order is what a run asks for, in this sequence.
type order struct {
	ID    string `json:"activation_id"`
	Value struct {
		Ledger string  `json:"ledger"` // file that gets a line with the activation
		Spin   float64 `json:"spin"`   // milliseconds of CPU
		Sleep  float64 `json:"sleep"`  // milliseconds
		Number int     `json:"number"`
		Slower float64 `json:"slower"` // sleeps that many times as long in the folder of a slow server
	} `json:"value"`
}

// report is the run's result.
type report struct {
	ID    string  `json:"id"`
	PID   int     `json:"pid"`
	Twice int     `json:"twice"`
	Took  float64 `json:"took"` // milliseconds from the order to here
	Slow  bool    `json:"slow,omitempty"`
	Error string  `json:"error,omitempty"`
}

// slow reports whether it runs at a server with the folder of a slow one.
var slow = func() bool {
	self, err := os.Executable()
	return err == nil && strings.Contains(self, "/slow-")
}()

func main() {
	loading, _ := time.ParseDuration(os.Getenv("BENCH_INIT"))
	time.Sleep(loading)
	in, out := bufio.NewReader(os.Stdin), os.NewFile(3, "result")
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		result, _ := json.Marshal(obey(line, time.Now()))
		_, _ = out.Write(append(result, '\n'))
	}
}

func obey(line []byte, began time.Time) report {
	var o order
	r := report{PID: os.Getpid(), Slow: slow}
	err := json.Unmarshal(line, &o)
	if err == nil && o.Value.Ledger != "" {
		err = enter(o.Value.Ledger, o.ID)
	}
	if err != nil {
		r.Error = err.Error()
	}
	if slow && o.Value.Slower > 0 {
		o.Value.Sleep *= o.Value.Slower
	}
	spin(time.Duration(o.Value.Spin * float64(time.Millisecond)))
	time.Sleep(time.Duration(o.Value.Sleep * float64(time.Millisecond)))
	r.ID, r.Twice = o.ID, 2*o.Value.Number
	r.Took = float64(time.Since(began).Microseconds()) / 1000
	return r
}

// enter writes one line in one write: appended, so that no line is in two parts.
func enter(ledger, id string) error {
	f, err := os.OpenFile(ledger, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(id + "\n")
	return err
}

// spin uses up CPU time, however long that takes.
func spin(cpu time.Duration) {
	if cpu <= 0 {
		return
	}
	for end := used() + cpu; used() < end; {
		for range 1 << 14 {
		}
	}
}

func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
