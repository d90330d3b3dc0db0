package launch

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// actionFolder is where in a function's folder its code is laid out.
const actionFolder = "action"

// prepare lays the function's code out, once.
func (p *program) prepare(ctx context.Context, sink function.Sink) error {
	if err := p.laying.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	defer p.laying.Release(1)
	if p.dir != "" {
		return nil
	}
	function.Enter(sink, function.StagePrepare)
	text, err := p.launcher.cfg.Store.Get(p.tenant, p.spec.Code)
	if err != nil {
		return err
	}
	code, err := kind.Decode(text, p.spec.Binary)
	if err != nil {
		return err
	}
	if p.kind, err = p.launcher.Kinds.Resolve(p.spec.Kind, code); err != nil {
		return err
	}
	if p.launcher.Box.Users != nil && p.user == nil {
		if p.user, err = p.launcher.Box.Users.Acquire(); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp(p.launcher.cfg.State.Path("functions"), "")
	if err != nil {
		return err
	}
	if err := p.layOut(ctx, dir, code, sink); err != nil {
		return errors.Join(err, tree.Remove(dir))
	}
	p.dir = dir
	p.atOnce.Store(int32(p.command.Concurrency))
	return nil
}

func (p *program) layOut(ctx context.Context, dir string, code kind.Code, sink function.Sink) error {
	src := filepath.Join(dir, actionFolder)
	// The function's folder belongs to the server: the function's processes can open
	// only paths that they know.
	if err := errors.Join(os.Chmod(dir, 0o711), os.Mkdir(src, 0o700)); err != nil {
		return err
	}
	site := kind.Site{Dir: src, Tenant: p.tenant, Env: p.spec.Env, Builder: p.launcher.Builder, Limits: p.launcher.cfg.Archives, Sink: sink}
	command, err := p.kind.Prepare(ctx, site, code, p.spec.Main)
	if err != nil {
		return err
	}
	p.command = command
	if p.user == nil {
		return nil
	}
	p.user.Group = p.command.Group
	if err := tree.Give(src, p.user.ID); err != nil {
		p.giveBack()
		return err
	}
	return nil
}

// giveBack releases what the command shares with other functions.
func (p *program) giveBack() {
	if p.command.Close != nil {
		p.command.Close()
	}
}
