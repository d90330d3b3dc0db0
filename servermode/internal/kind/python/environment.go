package python

import (
	"context"
	"errors"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
)

// RequirementsFile names the packages that an action requires, at the root of its
// archive.
const RequirementsFile = "requirements.txt"

// Environment returns a virtual environment with what the action at the site
// requires. It returns nil when the action requires nothing, or brings its own
// environment.
func (p *Kind) Environment(ctx context.Context, site kind.Site) (*build.Product, error) {
	if !folder.Has(site.Dir, RequirementsFile) || folder.Has(site.Dir, "virtualenv") {
		return nil, nil
	}
	text, err := folder.ReadText(site.Dir, RequirementsFile, folder.MaxManifest)
	if errors.Is(err, folder.ErrTooLarge) {
		return nil, err
	}
	if err != nil {
		return nil, &kind.ActionError{Message: kind.CannotStart + " Cause: requirements.txt must be a file of the action, and no link that leads elsewhere."}
	}
	wanted, err := ParseRequirements(string(text))
	if err != nil || len(wanted) == 0 {
		return nil, err
	}
	product, err := site.Builder.Get(ctx, build.Order{
		Tenant: site.Tenant,
		Key:    strings.Join([]string{"python", p.interpreter, p.full, p.installer(), p.sees(), wanted.String()}, "\x00"),
		Make:   func(ctx context.Context, j *build.Job) error { return p.install(ctx, j, wanted) },
	}, site.Sink)
	if failed, ok := errors.AsType[*build.ExitError](err); ok {
		return nil, p.notInstalled(failed)
	}
	return product, err
}

// notInstalled tells the author the installer's cause. It adds what helps where the
// server reaches no package index but has the packages itself.
func (p *Kind) notInstalled(failed *build.ExitError) *kind.ActionError {
	message := "The action's requirements could not be installed. Check logs for details. Cause: " + failed.Cause()
	if !p.HostPackages {
		message = strings.TrimRight(message, ".") + ". (Packages that the host's own Python has do not count: the server's owner may allow them with --host-packages.)"
	}
	return &kind.ActionError{Message: message}
}

// sees describes whose packages an environment contains.
func (p *Kind) sees() string {
	if p.HostPackages {
		return "the host's too"
	}
	return "its own"
}
