package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/proc"
)

// cpu is how much CPU time each has used; host is all processes, others' too.
type cpu struct{ server, functions, own, host time.Duration }

// others is what neither we nor what is measured used.
func (c cpu) others() time.Duration { return max(0, c.host-c.server-c.functions-c.own) }

func (c cpu) less(before cpu) cpu {
	return cpu{c.server - before.server, c.functions - before.functions, c.own - before.own, c.host - before.host}
}

func (c cpu) plus(other cpu) cpu {
	return cpu{c.server + other.server, c.functions + other.functions, c.own + other.own, c.host + other.host}
}

// cpuOf is a server's, its functions' and this process's own. Functions that end
// in between are not counted: in the figures they live on.
func cpuOf(server int) (c cpu) {
	table := proc.Read()
	c.server = table[server].CPU
	for _, p := range table.Descendants(server) {
		c.functions += p.CPU
	}
	c.own, c.host = table[os.Getpid()].CPU, hostCPU()
	return c
}

// hostCPU is what all CPUs together were busy.
func hostCPU() (busy time.Duration) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		// cpu user nice system idle iowait irq softirq steal guest guest_nice
		if ticks, err := strconv.Atoi(field); err == nil && i < 9 && i != 4 && i != 5 {
			busy += time.Duration(ticks) * proc.ClockTick
		}
	}
	return busy
}

// generatorNice puts this process before all that it measures.
const generatorNice = -10

// hurry has this process go before what it measures on the same CPUs, as if it
// ran on a host of its own; the returned function ends that. Without root it
// stays as it is.
func hurry() (end func()) {
	renice(generatorNice)
	return func() { renice(0) }
}

// renice is for all threads: on Linux each has its own, and passes it on to those
// that it makes.
func renice(nice int) {
	tasks, _ := filepath.Glob("/proc/self/task/*")
	for _, task := range tasks {
		if id, err := strconv.Atoi(filepath.Base(task)); err == nil {
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, nice)
		}
	}
}
