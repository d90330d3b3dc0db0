package sandbox

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// Confines are what a process applies to itself before it becomes the function's
// program. The shim does so for a process that was started, the launcher for one
// that was forked.
type Confines struct {
	Parent int      `json:"parent"` // pid; the process ends with it
	User   int      `json:"user"`   // uid and gid; -1: the server's own
	Groups []uint32 `json:"groups"`
	Limits string   `json:"limits"` // see Limits.String
	Mark   string   `json:"mark"`   // of the same length for all of the sandbox
	// Spaces are the process's own namespaces, as flags of clone(2). A process that
	// is started is created in them.
	Spaces uint32  `json:"spaces"`
	Mounts []Mount `json:"mounts"` // made in this order
	Dir    string  `json:"dir"`    // working directory, entered after the mounts; empty: as it is
	// Owner and OwnerGroup are the ids that stay the same in the process's own user
	// namespace.
	Owner      int `json:"owner"`
	OwnerGroup int `json:"owner_group"`
	// Report is the descriptor on which the shim reports what it could not do.
	Report int `json:"report"`
}

// Mount is one mount, as mount(2) takes it.
type Mount struct {
	From  string `json:"from"`
	On    string `json:"on"`
	Type  string `json:"type"`
	Flags uint32 `json:"flags"`
	Data  string `json:"data"`
}

// confines returns the confines of the group's processes.
func (g *Group) confines(dir string) Confines {
	out := Confines{Parent: os.Getpid(), Owner: os.Getuid(), OwnerGroup: os.Getgid(), User: -1, Groups: []uint32{}, Mounts: []Mount{}, Mark: g.mark, Dir: dir}
	out.Limits = g.limits().String()
	if g.User != nil {
		out.User = int(g.User.ID)
		if g.User.Group != 0 {
			out.Groups = append(out.Groups, g.User.Group)
		}
	}
	if g.Folders != nil {
		out.Spaces, out.Mounts = g.Folders.spaces, g.Folders.mounts
	}
	return out
}

// shield prefixes the names of the function's variables in the shim's environment.
// The shim may be root, and an author's LD_PRELOAD must mean nothing to it.
const shield = "."

// shielded returns a function's environment as the shim gets it, with the mark by
// which its processes are found.
func shielded(env []string, mark string) []string {
	out := make([]string, 0, len(env)+1)
	for _, entry := range env {
		out = append(out, shield+entry)
	}
	return append(out, EnvInstance+"="+mark)
}

// unshielded returns the function's environment.
func unshielded(env []string) (out []string) {
	for _, entry := range env {
		name, isFunctions := strings.CutPrefix(entry, shield)
		if isFunctions || strings.HasPrefix(entry, EnvInstance+"=") {
			out = append(out, name)
		}
	}
	return out
}

// parseConfines reads what Start wrote.
func parseConfines(text string) (c Confines, err error) {
	if err = jsontext.Unmarshal([]byte(text), &c); err != nil {
		err = fmt.Errorf("confines: %w", err)
	}
	return c, err
}

// apply applies them to this process. Only the thread that goes on to exec matters.
func (c Confines) apply() error {
	if err := c.mapOwner(); err != nil {
		return err
	}
	for _, m := range c.Mounts {
		if err := unix.Mount(m.From, m.On, m.Type, uintptr(m.Flags), m.Data); err != nil {
			return fmt.Errorf("mount %s on %s: %w", cmp.Or(m.Type, m.From, "nothing new"), m.On, err)
		}
	}
	if err := c.becomeUser(); err != nil {
		return err
	}
	if err := applyLimits(c.Limits); err != nil {
		return err
	}
	if err := c.giveUpPrivileges(); err != nil {
		return err
	}
	syscall.Umask(0o077)
	if c.Dir != "" {
		if err := os.Chdir(c.Dir); err != nil {
			return err
		}
	}
	return closeOnExec()
}

// mapOwner gives the process its ids back in its own user namespace.
func (c Confines) mapOwner() error {
	if c.Spaces&unix.CLONE_NEWUSER == 0 {
		return nil
	}
	for _, m := range []struct{ file, text string }{
		{"setgroups", "deny"},
		{"uid_map", fmt.Sprintf("%d %d 1", c.Owner, c.Owner)},
		{"gid_map", fmt.Sprintf("%d %d 1", c.OwnerGroup, c.OwnerGroup)},
	} {
		if err := os.WriteFile("/proc/self/"+m.file, []byte(m.text), 0); err != nil {
			return fmt.Errorf("user namespace: %w", err)
		}
	}
	return nil
}

// becomeUser changes to the function's user. The kernel then forgets the parent with
// which the process is to end, so that is set again.
func (c Confines) becomeUser() error {
	if c.User < 0 {
		return nil
	}
	groups := make([]int, len(c.Groups))
	for i, g := range c.Groups {
		groups[i] = int(g)
	}
	if err := syscall.Setgroups(groups); err != nil {
		return fmt.Errorf("groups: %w", err)
	}
	if err := syscall.Setresgid(c.User, c.User, c.User); err != nil {
		return fmt.Errorf("group: %w", err)
	}
	if err := syscall.Setresuid(c.User, c.User, c.User); err != nil {
		return fmt.Errorf("user: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("parent's death: %w", err)
	}
	if os.Getppid() != c.Parent {
		return fmt.Errorf("the server is gone")
	}
	return nil
}

// giveUpPrivileges drops the privileges that a service manager granted the server,
// and those that a user namespace gave the process. None of them must pass through
// exec.
func (c Confines) giveUpPrivileges() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("ambient capabilities: %w", err)
	}
	if c.Spaces&unix.CLONE_NEWUSER == 0 {
		return nil
	}
	head, none := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	if err := unix.Capset(&head, &none[0]); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	return nil
}
