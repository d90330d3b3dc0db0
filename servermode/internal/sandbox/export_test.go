package sandbox

import (
	"os/exec"
	"syscall"
)

// StartRefused starts a process with namespaces that the kernel refuses to make.
func StartRefused() error {
	pidfd := 0
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = Confines{Spaces: syscall.CLONE_NEWUSER | syscall.CLONE_FS}.attributes(&pidfd)
	return cmd.Start()
}
