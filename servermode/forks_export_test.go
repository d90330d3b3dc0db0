package servermode

import "github.com/whiskaway/whiskaway/servermode/internal/zygote"

// Forks returns how Python functions were started.
func (s *Server) Forks() zygote.Stats { return s.service.Launcher.Parent.Stats() }

// ParentPID returns the process that forks them.
func (s *Server) ParentPID() int { return s.service.Launcher.Parent.PID() }
