package servermode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

// checkKinds sees whether what the owner named is there still. A kind that was only
// found here is missed by those who ask for it.
func (s *Server) checkKinds() error {
	for _, k := range s.configured {
		for _, path := range k.On() {
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				return errors.Join(host.Unfit(fmt.Sprintf("the kind %s is configured, and what it needs on this host is gone", k.Name())), err)
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
