package servermode

import (
	"os"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/webproc"
)

// serve makes spec that of a process which is a web server, on a port of its own.
func (p *program) serve(spec *process.Spec) error {
	uid := uint32(os.Getuid())
	if p.user != nil {
		uid = p.user.ID
	}
	client, err := webproc.New(webproc.Endpoint(p.command.Endpoint), uid, p.Concurrency())
	if err != nil {
		return err
	}
	spec.Web, spec.Env = client, client.Environ(spec.Env)
	return nil
}
