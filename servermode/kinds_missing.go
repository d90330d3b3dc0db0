package servermode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

// missingKind is a kind that the owner named, and that cannot be served any more.
type missingKind struct{ name string }

// Error is for anybody, without a path.
func (m missingKind) Error() string {
	return fmt.Sprintf("the kind %s is configured, and what it needs on this host is gone", m.name)
}

// checkKinds sees whether what the owner named is there still. A kind that was only
// found here is missed by those who ask for it.
func (s *Server) checkKinds() error {
	for _, k := range s.configured {
		for _, path := range k.On() {
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				return errors.Join(missingKind{k.Name()}, err)
			}
		}
	}
	return nil
}

// noteConfigured remembers a kind that the owner named.
func (s *Server) noteConfigured(k kind.Kind) {
	if stands, ok := k.(kind.Stands); ok {
		s.configured = append(s.configured, stands)
	}
}
