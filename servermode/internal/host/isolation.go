package host

import (
	"os"
)

// NotIsolated says what a server that is not root cannot isolate. The text is
// public.
const NotIsolated = "they all run as this server's own user, and can reach each other's code, files, memory and processes, and the server's; a server that is root gives each a user of its own"

// SharesUser reports whether functions run as the server's own user. Only root can
// give them others.
func SharesUser() bool { return os.Getuid() != 0 }
