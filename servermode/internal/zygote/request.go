package zygote

import (
	"errors"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

var (
	errOver   = errors.New("its parent is gone")
	errSilent = errors.New("its parent does not answer")
)

// maxReply bounds the answer to a request.
const maxReply = 64

// fork requests a child. The child will be told over birth what it becomes.
func (l *life) fork(birth *os.File) (pid int, err error) {
	reply, err := l.ask("fork", birth)
	if err != nil {
		return 0, &refusal{Down, err}
	}
	if pid, err = strconv.Atoi(reply); err != nil {
		return 0, &refusal{Cause(reply), errors.New(reply)}
	}
	l.count(1)
	return pid, nil
}

// reap requests the end of a zombie, and returns how it ended; negative: it has not
// ended yet.
func (l *life) reap(pid int) (status int, err error) {
	defer l.count(-1)
	reply, err := l.ask(strconv.Itoa(pid))
	if err != nil {
		return -1, err
	}
	return strconv.Atoi(strings.TrimPrefix(reply, "reaped "))
}

// ask makes one request at a time. A parent that fails one gets no more: a late
// answer would be taken for that to the next request.
func (l *life) ask(request string, files ...*os.File) (reply string, err error) {
	select {
	case l.asking <- struct{}{}:
	case <-l.over:
		return "", errOver
	}
	defer func() { <-l.asking }()
	select {
	case <-l.over:
		return "", errOver
	default:
	}
	_ = l.control.SetWriteDeadline(time.Now().Add(patience))
	if err = sendFiles(l.control, request, files); err == nil {
		var text []byte
		text, err = l.receive(patience, maxReply)
		reply = string(text)
	}
	if err != nil {
		l.retire()
	}
	return reply, err
}

// sendFiles sends a message with files, which it makes blocking as os/exec does.
func sendFiles(conn *net.UnixConn, message string, files []*os.File) error {
	numbers := make([]int, len(files))
	for i, f := range files {
		numbers[i] = int(f.Fd())
		if err := unix.SetNonblock(numbers[i], false); err != nil {
			return err
		}
	}
	var rights []byte
	if len(files) > 0 {
		rights = unix.UnixRights(numbers...)
	}
	_, _, err := conn.WriteMsgUnix([]byte(message), rights, nil)
	runtime.KeepAlive(files)
	return err
}

// receive takes one message of at most size bytes.
func (l *life) receive(wait time.Duration, size int) ([]byte, error) {
	_ = l.control.SetReadDeadline(time.Now().Add(wait))
	buf := make([]byte, size)
	n, err := l.control.Read(buf)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errSilent
	case err != nil || n == 0: // closed
		return nil, errOver
	}
	return buf[:n], nil
}
