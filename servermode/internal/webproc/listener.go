package webproc

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// With these errors nothing is sent, because the function itself does not listen on
// its port as it must.
var (
	errImpostor = errors.New("another user's program listens on the port that the function was given")
	errDeaf     = errors.New("the function no longer listens on its port")
)

// exposedError is an address that the network can reach.
type exposedError struct{ addr netip.AddrPort }

func (e *exposedError) Error() string {
	return fmt.Sprintf("it listens on %s, where the network can call it without a token; have it listen on %s, the address in HOST", e.addr, host)
}

var loopback, loopback6 = netip.MustParseAddr(host), netip.IPv6Loopback()

// listener is a TCP socket that listens.
type listener struct {
	addr netip.AddrPort
	uid  uint32
}

// checkListener checks that uid listens on a port at an address, and nowhere that
// the network can reach.
func checkListener(at netip.Addr, port int, uid uint32) error {
	all, err := listeners()
	if err != nil {
		return err
	}
	mine, foreign := false, false
	for _, l := range all {
		switch addr := l.addr.Addr(); {
		case int(l.addr.Port()) != port:
		case l.uid == uid && !addr.IsLoopback():
			return &exposedError{l.addr}
		case l.uid == uid:
			mine = mine || addr == at
		default: // the kernel prefers a socket that listens on this very address
			foreign = foreign || addr == at || addr.IsUnspecified()
		}
	}
	switch {
	case mine:
		return nil
	case foreign:
		return errImpostor
	}
	return errDeaf
}

// elsewhere returns where uid listens apart from the port, in words.
func elsewhere(port int, uid uint32) string {
	all, _ := listeners()
	var others []string
	for _, l := range all {
		if l.uid == uid && l.addr.Port() != uint16(port) {
			others = append(others, l.addr.String())
		}
	}
	if len(others) == 0 {
		return ""
	}
	slices.Sort(others)
	return fmt.Sprintf("the action listens on %s instead", strings.Join(others, " and "))
}

// listeners returns the listening sockets in the server's network.
func listeners() (all []listener, err error) {
	for _, file := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(file, "6") {
			continue // a host without IPv6
		}
		if err != nil {
			return nil, fmt.Errorf("which user listens on the function's port: %w", err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			if l, ok := parseListener(lines.Text()); ok {
				all = append(all, l)
			}
		}
	}
	return all, nil
}

// listening is how /proc shows the state of a listening socket.
const listening = "0A"

// parseListener reads a line: number, local and remote address, state, queues,
// timer, retransmits, uid.
func parseListener(line string) (listener, bool) {
	fields := strings.Fields(line)
	if len(fields) < 8 || fields[3] != listening {
		return listener{}, false
	}
	address, port, _ := strings.Cut(fields[1], ":")
	raw, err := hex.DecodeString(address)
	number, err2 := strconv.ParseUint(port, 16, 16)
	uid, err3 := strconv.ParseUint(fields[7], 10, 32)
	if err != nil || err2 != nil || err3 != nil || len(raw)%4 != 0 {
		return listener{}, false
	}
	for word := range slices.Chunk(raw, 4) { // shown as numbers in the host's byte order
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	addr, ok := netip.AddrFromSlice(raw)
	return listener{netip.AddrPortFrom(addr.Unmap(), uint16(number)), uint32(uid)}, ok
}
