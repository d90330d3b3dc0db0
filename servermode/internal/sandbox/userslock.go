package sandbox

import (
	"net"
	"os"
	"strconv"
	"syscall"
)

// lockFolder holds a file for each block. Only root can write to it.
const lockFolder = "/run"

// blockLock shows other servers that a block is taken. The kernel frees it with the
// process, whatever ends that.
//
// It is two locks, because two servers may share only one of the two places. An
// abstract socket is visible in the same network namespace, a file to those that
// have the same /run.
type blockLock struct {
	socket net.Listener
	file   *os.File // nil where the folder does not exist
}

// lockBlock takes a block's lock, unless another server has it.
func lockBlock(number int) (*blockLock, bool) {
	name := "whiskaway-uids-" + strconv.Itoa(number)
	socket, err := net.Listen("unix", "@"+name)
	if err != nil {
		return nil, false
	}
	lock := &blockLock{socket: socket}
	lock.file, err = os.OpenFile(lockFolder+"/"+name+".lock", os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err == nil && syscall.Flock(int(lock.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		_ = lock.Close()
		return nil, false
	}
	return lock, true
}

// Close frees the block.
func (l *blockLock) Close() error {
	if l.file != nil {
		_ = l.file.Close()
	}
	return l.socket.Close()
}
