package zygote_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// eventually polls, with no goroutine of its own to be counted.
func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(2 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "not in time: %s", what)
	}
}

// kids counts the live children of a process.
func kids(t *testing.T, pid int) (n int) {
	t.Helper()
	tables, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	require.NoError(t, err)
	for _, table := range tables {
		text, _ := os.ReadFile(table)
		for _, child := range strings.Fields(string(text)) {
			if number, _ := strconv.Atoi(child); running(number) {
				n++
			}
		}
	}
	return n
}

// running reports whether a process is there and no zombie.
func running(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, rest, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(rest, "Z")
}

// replace puts a name in the place of each %.
func replace(text, name string) string { return strings.ReplaceAll(text, "%", name) }
