package kind

// Stands is a kind that stands on files of the host: without one of them no
// function of it starts.
type Stands interface {
	Kind
	On() []string // absolute paths
}

// On is the interpreter and the launcher.
func (p *Python) On() []string { return []string{p.interpreter, p.launcher} }

// On is Node and the launcher.
func (n *Node) On() []string { return []string{n.path, n.launcher} }

// On is the go command.
func (g *Go) On() []string { return []string{g.path} }

// On is the compiler, if there is one.
func (r *Runtime) On() []string {
	if r.compiler == "" {
		return nil
	}
	return []string{r.compiler}
}
