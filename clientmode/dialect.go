package clientmode

import (
	"fmt"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Dialects that a server may speak.
const (
	DialectWhiskaway      = "whiskaway"      // the contract of runtime-spec
	DialectOpenServerless = "openserverless" // of Apache OpenServerless' client and server proxies
)

// translate makes f a function for a server of another dialect; everything else
// here speaks our own.
type translate func(f *function, init *runtimespec.InitBody) error

// dialect finds the translation, nil when none is needed.
func (c *Client) dialect() (translate, error) {
	switch c.cfg.Dialect {
	case DialectWhiskaway:
		return nil, nil
	case DialectOpenServerless:
		return c.openServerless, nil
	}
	return nil, fmt.Errorf("%w: --dialect: %.60q is neither %s nor %s", daemon.ErrConfig, c.cfg.Dialect, DialectWhiskaway, DialectOpenServerless)
}
