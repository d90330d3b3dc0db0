package servermode

import (
	"fmt"
	"os"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// notIsolated says for anybody what a server that is not root cannot keep apart.
const notIsolated = "they all run as this server's own user, and can reach each other's code, files, memory and processes, and the server's; a server that is root gives each a user of its own"

// sharesUser reports whether functions run as the server's own user: only root
// can give them others.
func sharesUser() bool { return os.Getuid() != 0 }

// checkTenants refuses several tenants where nothing is between them, unless the
// owner has said that they trust each other.
func (l *live) checkTenants() error {
	if !sharesUser() || l.AllowSharedUser || !l.Tokens.Several() {
		return nil
	}
	return fmt.Errorf("%w: --token-file has several tenants, or a token that may delegate, and this server is not root: functions of all would run as its own user and could reach each other's code, files and memory; start it as root, or, if all tenants trust each other, with --allow-shared-user", daemon.ErrConfig)
}
