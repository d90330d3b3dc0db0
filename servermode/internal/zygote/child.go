package zygote

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// Program is what a child becomes.
type Program struct {
	Env    []string `json:"env"`
	Dir    string   `json:"dir"`    // working directory
	Folder string   `json:"folder"` // the action's
	Main   string   `json:"main"`
	Venv   string   `json:"venv"` // virtual environment, empty for none
}

// forker forks for one program.
type forker struct {
	parent  *Parent
	program Program
}

// For returns what forks a program, nil if it has to be executed; why is counted.
func (p *Parent) For(program Program) sandbox.Forker {
	if p == nil {
		return nil
	}
	if cause := p.unfit(program); cause != "" {
		p.fellBack(cause)
		return nil
	}
	return forker{p, program}
}

// Fork implements sandbox.Forker.
func (f forker) Fork(files [4]*os.File) (sandbox.Child, error) {
	c, err := f.fork(files)
	if err != nil {
		return nil, f.failed(err)
	}
	return c, nil
}

// failed counts a failure.
func (f forker) failed(err error) error {
	cause := Refused
	if known := (*refusal)(nil); errors.As(err, &known) {
		cause = known.cause
	}
	f.parent.fellBack(cause)
	return err
}

func (f forker) fork(files [4]*os.File) (*child, error) {
	l, cause := f.parent.current()
	if l == nil {
		return nil, &refusal{cause, errOver}
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(pair[1]), "birth")
	defer theirs.Close()
	if err := unix.SetNonblock(pair[0], true); err != nil { // so that it has deadlines
		return nil, errors.Join(err, unix.Close(pair[0]))
	}
	c := &child{forker: f, life: l, birth: os.NewFile(uintptr(pair[0]), "birth")}
	if c.pid, err = l.fork(append(files[:], theirs)); err != nil {
		return nil, errors.Join(err, c.birth.Close())
	}
	return c, nil
}

// child is one that waits to be told what it becomes; if it is told nothing, it
// ends.
type child struct {
	forker
	life  *life
	pid   int
	birth *os.File
}

// PID implements sandbox.Child.
func (c *child) PID() int { return c.pid }

// Release tells the child what it becomes, and waits until it is confined.
func (c *child) Release(confines sandbox.Confines) error {
	defer c.birth.Close()
	err := c.tell(struct {
		Program  `json:",inline"`
		Confines sandbox.Confines `json:"confines"`
	}{c.program, confines})
	if err == nil {
		err = c.confirmed()
	}
	if err != nil {
		return c.failed(err)
	}
	c.parent.forked()
	return nil
}

func (c *child) tell(birth any) error {
	text, err := json.Marshal(birth)
	if err != nil {
		return err
	}
	_ = c.birth.SetDeadline(time.Now().Add(patience))
	if _, err := c.birth.Write(text); err != nil {
		return err
	}
	raw, err := c.birth.SyscallConn()
	if err != nil {
		return err
	}
	return errors.Join(raw.Control(func(fd uintptr) { err = unix.Shutdown(int(fd), unix.SHUT_WR) }), err)
}

// confirmed reads the pid that the child knows itself by: that it is the one
// which the parent named shows that the name was not another's by then.
func (c *child) confirmed() error {
	text, err := io.ReadAll(io.LimitReader(c.birth, 4096))
	if err == nil && string(text) != strconv.Itoa(c.pid) {
		err = fmt.Errorf("the forked process %d said %q", c.pid, text)
	}
	return err
}

// Reap implements sandbox.Child.
func (c *child) Reap() bool {
	_ = c.birth.Close()
	return c.life.reap(c.pid) == nil
}
