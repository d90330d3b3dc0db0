package process

import "os"

// pipes collects the descriptors of a process that is being started, so that none is
// left open after a failure.
type pipes struct {
	child, parent []*os.File
	err           error
}

// pipe is one that the process writes and the server reads.
type pipe struct{ child, parent *os.File }

func (p *pipes) out() pipe {
	r, w := p.make(true)
	return pipe{child: w, parent: r}
}

// make makes a pipe and returns both ends. childWrites says which end the process
// gets.
func (p *pipes) make(childWrites bool) (r, w *os.File) {
	if p.err != nil {
		return nil, nil
	}
	if r, w, p.err = os.Pipe(); p.err != nil {
		return nil, nil
	}
	if childWrites {
		p.child, p.parent = append(p.child, w), append(p.parent, r)
	} else {
		p.child, p.parent = append(p.child, r), append(p.parent, w)
	}
	return r, w
}

func (p *pipes) closeChild() { closeAll(p.child) }

func (p *pipes) closeParent(err error) {
	if err != nil {
		closeAll(p.parent)
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}
