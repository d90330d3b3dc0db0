package discovery

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	// MaxRegistration bounds the body of a registration, in bytes.
	MaxRegistration = 4 << 10
	maxName         = 253
	// tunnelDomain is where servers seem to be that cannot be dialled. Nothing
	// resolves it: .internal is for private use.
	tunnelDomain = ".tunnel.whiskaway.internal"
)

// DecodeRegistration reads the body of a POST /join. Members that it does not
// know are skipped: a newer server may say more.
func DecodeRegistration(body []byte) (r runtimespec.Registration, err error) {
	if len(body) > MaxRegistration {
		return r, fmt.Errorf("the registration has more than %d bytes", MaxRegistration)
	}
	if err = jsontext.Unmarshal(body, &r); err != nil {
		return r, fmt.Errorf("the registration is no JSON object as the contract has it: %w", err)
	}
	return r, nil
}

// registered is the server that a registration is of.
func registered(r runtimespec.Registration) (s Server, err error) {
	id, err := uuid.Parse(r.Incarnation)
	switch {
	case err != nil || len(r.Incarnation) != 36:
		return s, errors.New("incarnation must be a UUID")
	case len(r.Name) > maxName || strings.ContainsFunc(r.Name, func(c rune) bool { return c <= ' ' || c > '~' }):
		return s, fmt.Errorf("name must be at most %d visible ASCII characters", maxName)
	case r.Tunnel && (r.URL != "" || r.Name == ""):
		return s, errors.New("a server with a tunnel has a name and no url")
	case !r.Tunnel && r.URL == "":
		return s, errors.New("url is missing")
	}
	if r.URL == "" {
		r.URL = "http://" + id.String() + tunnelDomain
	}
	if s, err = at(r.URL, r.Name); err != nil {
		return s, fmt.Errorf("url: %w", err)
	}
	if !r.Tunnel && strings.Contains(s.URL, tunnelDomain) {
		return s, errors.New("url: this is a name for servers with a tunnel")
	}
	s.Incarnation, s.Tunnel, s.Draining = id.String(), r.Tunnel, r.Draining
	return s, nil
}

// place is what only one server can be at: its URL, or with a tunnel, where URLs
// are made from incarnations, its name.
func place(s Server) string {
	if s.Tunnel {
		return "tunnel " + s.Name
	}
	return s.URL
}
