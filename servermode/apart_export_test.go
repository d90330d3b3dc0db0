package servermode

import "github.com/whiskaway/whiskaway/servermode/internal/sandbox"

// Layers returns what processes have of their own.
func (s *Server) Layers() sandbox.Layers { return s.service.Launcher.Box.Layers }
