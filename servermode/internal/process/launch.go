package process

import (
	"os"
	"os/exec"
)

// launch forks the process if possible, or executes its program. A failed fork may
// hold its pipes for a while, so the executed program gets new ones.
func (p *Process) launch() error {
	if p.spec.Fork != nil && p.with(p.fork) == nil {
		return nil
	}
	return p.with(p.exec)
}

// with makes the pipes and a process with its ends of them as its descriptors
// 0 to 3.
func (p *Process) with(start func(files [4]*os.File) (pidfd int, err error)) (err error) {
	var pipes pipes
	defer func() { pipes.closeChild(); pipes.closeParent(err) }()
	stdin, in := pipes.make(false)
	stdout, stderr, result := pipes.out(), pipes.out(), pipes.out()
	if pipes.err != nil {
		return pipes.err
	}
	for _, f := range pipes.child {
		if err := p.group.Adopt(f); err != nil {
			return err
		}
	}
	if p.pidfd, err = start([4]*os.File{stdin, stdout.child, stderr.child, result.child}); err != nil {
		return err
	}
	p.in, p.out = in, newReader(result.parent, p.spec.MaxResult)
	p.logs.start(stdout.parent, stderr.parent)
	return nil
}

func (p *Process) fork(files [4]*os.File) (pidfd int, err error) {
	return p.group.Fork(p.spec.Fork, files)
}

func (p *Process) exec(files [4]*os.File) (pidfd int, err error) {
	cmd := exec.Command(p.spec.Path, p.spec.Args...)
	cmd.Env, cmd.Dir = p.spec.Env, p.spec.Dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0], files[1], files[2]
	cmd.ExtraFiles = []*os.File{files[3]}
	if p.spec.Web != nil {
		null, err := os.Open(os.DevNull)
		if err != nil {
			return -1, err
		}
		defer null.Close()
		cmd.Stdin, cmd.ExtraFiles[0] = null, null
	}
	return p.group.Start(cmd)
}
