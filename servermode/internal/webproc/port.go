package webproc

import (
	"errors"
	"net"
	"sync"
)

// ports are those given to processes of this server, which may not listen on them
// yet.
var ports = struct {
	mu    sync.Mutex // guards taken
	taken map[int]bool
}{taken: map[int]bool{}}

// reserve finds a port that is free now. Another program could take it before the
// function does. Then the function cannot start, and nothing is sent to that
// program.
func reserve() (int, error) {
	for range 100 {
		l, err := net.Listen("tcp4", net.JoinHostPort(host, "0"))
		if err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if claim(port) {
			return port, nil
		}
	}
	return 0, errors.New("none is free")
}

func claim(port int) bool {
	ports.mu.Lock()
	defer ports.mu.Unlock()
	if ports.taken[port] {
		return false
	}
	ports.taken[port] = true
	return true
}

func release(port int) {
	ports.mu.Lock()
	defer ports.mu.Unlock()
	delete(ports.taken, port)
}
