package place_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/place"
)

// TestMain is also the process that these tests start: one that answers the
// network it is in and its pid.
func TestMain(m *testing.M) {
	address := os.Getenv("TEST_SERVE")
	if address == "" {
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		network, _ := os.Readlink("/proc/self/ns/net")
		fmt.Fprintf(c, "%s %d\n", network, os.Getpid())
		_ = c.Close()
	}
}

// serve starts a process and returns what it answers.
func serve(t *testing.T, at *place.Place, ip string, from *place.Place) (network string, pid int) {
	t.Helper()
	port, err := at.Port("8080")
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), "TEST_SERVE="+net.JoinHostPort(ip, port)), os.Stderr
	require.NoError(t, at.Start(cmd))
	go func() { _ = cmd.Wait() }()
	dial := from.Dialer(net.JoinHostPort(ip, port))
	require.Eventually(t, func() bool {
		c, err := dial(time.Second)
		if err != nil {
			return false
		}
		defer c.Close()
		line, err := bufio.NewReader(c).ReadString('\n')
		require.NoError(t, err)
		_, err = fmt.Sscan(line, &network, &pid)
		require.NoError(t, err)
		return true
	}, 20*time.Second, time.Millisecond)
	return network, pid
}

func running(pid int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil
}

func TestSite_OneHost(t *testing.T) {
	s, err := place.OneHost(1)
	require.NoError(t, err)
	own, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	network, pid := serve(t, s.Far, s.FarIP, s.Near[0])
	assert.Equal(t, own, network)
	s.Close()
	assert.Eventually(t, func() bool { return !running(pid) }, 20*time.Second, time.Millisecond, "its processes end with it")
}

func TestSite_TwoHostsAndNothingIsLeftOfThem(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("networks of their own need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("networks of their own need the command ip")
	}
	before := links(t)
	s, err := place.TwoHosts(2)
	require.NoError(t, err)
	far, server := serve(t, s.Far, s.FarIP, s.Near[0])
	again, _ := serve(t, s.Near[0], s.NearIP, s.Near[0])
	other, container := serve(t, s.Near[1], s.NearIP, s.Near[1])
	own, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	assert.Len(t, map[string]bool{own: true, far: true, again: true, other: true}, 4, "four networks")
	_, err = s.Near[1].Dialer(net.JoinHostPort(s.FarIP, "8080"))(5 * time.Second)
	assert.NoError(t, err, "each container reaches the far host")
	assert.Equal(t, before, links(t), "this host's network is as it was")
	s.Close()
	assert.Eventually(t, func() bool { return !running(server) && !running(container) && !inUse(far, other) }, 20*time.Second, time.Millisecond)
}

func links(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("/sys/class/net/*")
	require.NoError(t, err)
	return all
}

// inUse reports whether a thread of any process is in one of the networks.
func inUse(networks ...string) bool {
	all, _ := filepath.Glob("/proc/[0-9]*/task/*/ns/net")
	for _, file := range all {
		network, _ := os.Readlink(file)
		for _, n := range networks {
			if network == n {
				return true
			}
		}
	}
	return false
}
