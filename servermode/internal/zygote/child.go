package zygote

import (
	"errors"
	"os"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// Program is what a child becomes.
type Program struct {
	Env    []string `json:"env"`
	Dir    string   `json:"dir"`    // working directory
	Folder string   `json:"folder"` // the action's
	Main   string   `json:"main"`
	Venv   string   `json:"venv"` // virtual environment, empty for none
	Apart  bool     `json:"-"`    // it hides the host's packages, those that are imported among them
}

// forker forks for one program.
type forker struct {
	parent  *Parent
	program Program
}

// For returns a forker for a program, nil if the program has to be executed. It
// counts the cause of that.
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
func (f forker) Fork() (sandbox.Child, error) {
	l, cause := f.parent.current()
	if l == nil {
		return nil, f.failed(&refusal{cause, errOver})
	}
	n, err := l.take()
	if err != nil {
		return nil, f.failed(err)
	}
	return &child{f, n}, nil
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

// child is a newborn that becomes a program.
type child struct {
	forker
	*newborn
}

// Release tells the child what it becomes, and waits until it is confined.
func (c *child) Release(files [4]*os.File, confines sandbox.Confines) error {
	defer c.birth.Close()
	text, err := jsontext.Marshal(struct {
		Program
		Confines sandbox.Confines `json:"confines"`
	}{c.program, confines})
	if err == nil {
		err = c.tell(text, files[:])
	}
	if err != nil {
		return c.failed(err)
	}
	c.parent.forked()
	return nil
}
