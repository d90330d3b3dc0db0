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

// cpu is the CPU time that each part has used; host counts all processes,
// others' too.
type cpu struct{ server, functions, own, host time.Duration }

// others returns the CPU time of processes that are neither ours nor measured.
func (c cpu) others() time.Duration { return max(0, c.host-c.server-c.functions-c.own) }

func (c cpu) less(before cpu) cpu {
	return cpu{c.server - before.server, c.functions - before.functions, c.own - before.own, c.host - before.host}
}

func (c cpu) plus(other cpu) cpu {
	return cpu{c.server + other.server, c.functions + other.functions, c.own + other.own, c.host + other.host}
}

// cpuOf returns the CPU time of a server, its functions and this process.
// Functions that end in between are not counted; in the figures they stay
// alive.
func cpuOf(server int) (c cpu) {
	table := proc.Read()
	c.server = table[server].CPU
	for _, p := range table.Descendants(server) {
		c.functions += p.CPU
	}
	c.own, c.host = table[os.Getpid()].CPU, hostCPU()
	return c
}

// hostCPU returns the busy time of all CPUs together.
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

// hurry gives this process precedence over what it measures on the same CPUs,
// as if it ran on its own host. The returned function ends that. Without root
// it does nothing.
func hurry() (end func()) {
	renice(generatorNice)
	return func() { renice(0) }
}

// renice is for all threads: on Linux each has its own niceness, which threads
// that it makes inherit.
func renice(nice int) {
	tasks, _ := filepath.Glob("/proc/self/task/*")
	for _, task := range tasks {
		if id, err := strconv.Atoi(filepath.Base(task)); err == nil {
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, nice)
		}
	}
}
