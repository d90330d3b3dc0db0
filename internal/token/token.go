// Package token reads and checks a service's bearer tokens. Each token stands
// for a tenant and may be allowed to act for others.
package token

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
)

// DefaultTenant is the tenant of all work when tokens are not told apart.
const DefaultTenant = "default"

// Grant is what a token allows.
type Grant struct {
	Tenant   string
	Delegate bool // may name another tenant, as a balancer's token does
}

// Set is the tokens that a service accepts. It keeps only digests: a look-up
// takes the same time however much of a token was guessed, and a memory dump
// shows no token.
type Set map[[sha256.Size]byte]Grant

// ErrUnauthorized is for a missing or unknown token.
var ErrUnauthorized = errors.New("the token is missing or unknown")

// Load reads a token file: a token a line, then optionally the tenant it stands
// for and the word "delegate". Lines that begin with # are comments.
func Load(path string) (Set, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := Set{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if err := set.add(fields); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(set) == 0 {
		return nil, fmt.Errorf("%s holds no token", path)
	}
	return set, nil
}

func (s Set) add(fields []string) error {
	if len(fields[0]) < 16 {
		return errors.New("a token must have at least 16 characters")
	}
	grant := Grant{Tenant: DefaultTenant}
	if len(fields) > 1 {
		grant.Tenant = fields[1]
	}
	if len(fields) > 2 {
		if fields[2] != "delegate" || len(fields) > 3 {
			return errors.New(`after the tenant only the word "delegate" may follow`)
		}
		grant.Delegate = true
	}
	digest := sha256.Sum256([]byte(fields[0]))
	if other, twice := s[digest]; twice && other != grant {
		return errors.New("the token is there already, for something else")
	}
	s[digest] = grant
	return nil
}

// Several reports whether callers are told apart: there are several tenants, or
// a token may name any tenant.
func (s Set) Several() bool {
	first := ""
	for _, grant := range s {
		if grant.Delegate || first != "" && grant.Tenant != first {
			return true
		}
		first = grant.Tenant
	}
	return false
}

// First returns the token that a caller sends: the first of the file.
func First(path string) (string, error) {
	if _, err := Load(path); err != nil {
		return "", err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 0 && !strings.HasPrefix(fields[0], "#") {
			return fields[0], nil
		}
	}
	return "", fmt.Errorf("%s holds no token", path)
}

// Check returns what an Authorization header allows. An empty set accepts every
// caller as the default tenant, and such a caller may name no other tenant.
func (s Set) Check(authorization string) (Grant, error) {
	if len(s) == 0 {
		return Grant{Tenant: DefaultTenant}, nil
	}
	secret, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok {
		return Grant{}, ErrUnauthorized
	}
	grant, ok := s[sha256.Sum256([]byte(strings.TrimSpace(secret)))]
	if !ok {
		return Grant{}, ErrUnauthorized
	}
	return grant, nil
}
