package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machine says where and when the figures were measured.
type machine struct {
	CPUs       int    `json:"cpus"`
	CPU        string `json:"cpu"` // model
	MemoryMiB  int    `json:"memory_mib"`
	Kernel     string `json:"kernel"`
	Go         string `json:"go"`
	Whiskaway  string `json:"whiskaway"`          // commit
	Peer       string `json:"peer,omitempty"`     // what it says of itself
	Proxies    string `json:"proxies"`            // versions of nginx and HAProxy, where they are there
	Network    string `json:"network"`            //
	Began      string `json:"began"`              // RFC 3339
	Took       string `json:"took"`               //
	LoadBefore string `json:"load_average_begin"` // over 1, 5 and 15 minutes
	LoadAfter  string `json:"load_average_end"`

	begin time.Time
}

func newMachine(peer string) *machine {
	m := &machine{CPUs: runtime.NumCPU(), CPU: cpuModel(), Go: runtime.Version(), LoadBefore: loadAverage(), begin: time.Now(), Network: "loopback"}
	m.Began = m.begin.UTC().Format(time.RFC3339)
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		m.MemoryMiB = int(info.Totalram * uint64(info.Unit) >> 20)
	}
	if commit, err := exec.Command("git", "describe", "--always", "--dirty").Output(); err == nil {
		m.Whiskaway = strings.TrimSpace(string(commit))
	}
	m.Proxies = strings.Join(slices.DeleteFunc([]string{version("nginx", "nginx version: "), version("haproxy", "HAProxy version ")}, func(v string) bool { return v == "" }), ", ")
	if peer != "" {
		m.Network = "two network namespaces and a veth pair between them"
		version, _ := exec.Command(peer, "-version").Output()
		m.Peer = strings.TrimSpace(string(version))
	}
	return m
}

// version returns the version that a program prints behind the given words, up
// to the next space; empty without the program.
func version(program, after string) string {
	out, _ := exec.Command(program, "-v").CombinedOutput()
	_, rest, found := strings.Cut(string(out), after)
	if !found {
		return ""
	}
	return program + " " + strings.TrimPrefix(strings.Fields(rest + " ?")[0], program+"/")
}

func (m *machine) finish() {
	m.Took, m.LoadAfter = time.Since(m.begin).Round(time.Second).String(), loadAverage()
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

// words returns all of it in a sentence.
func (m *machine) words(quick bool) string {
	peer := "without OpenServerless (`PEER_BIN`)"
	if m.Peer != "" {
		peer = "OpenServerless' proxy says it is \"" + m.Peer + "\""
	}
	if m.Proxies != "" {
		peer += "; " + m.Proxies
	}
	text := fmt.Sprintf("Measured %s in %s on %d CPUs (%s), %d MiB, %s, %s, Whiskaway at %s; %s. Between client and server: %s. Load average %s before and %s after.",
		m.Began, m.Took, m.CPUs, m.CPU, m.MemoryMiB, m.Kernel, m.Go, m.Whiskaway, peer, m.Network, m.LoadBefore, m.LoadAfter)
	if quick {
		text = "**A quick go: it shows that all works, and no figure counts.** " + text
	}
	return text
}
