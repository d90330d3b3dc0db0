package arms

import (
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// between has the configurations of what can stand between clients and servers.
//
//go:embed between
var between embed.FS

// balancer has the tenants' token of its callers and sends one of its own that
// may act for them.
func balancer(r *Rig, at spot) (*exec.Cmd, error) {
	own := filepath.Join(at.dir, "token")
	if err := os.WriteFile(own, []byte(balancerToken+"\n"), 0o600); err != nil {
		return nil, err
	}
	return exec.Command(at.program("loadbalancer"), "--listen", at.listen, "--server", at.upstream, "--state-dir", filepath.Join(at.dir, "state"),
		"--token-file", r.token, "--servers-token-file", own, "--log-level", "error"), nil
}

func nginx(_ *Rig, at spot) (*exec.Cmd, error) {
	file, err := configure("nginx.conf", at)
	return exec.Command("nginx", "-p", at.dir, "-c", file), err
}

func haproxy(_ *Rig, at spot) (*exec.Cmd, error) {
	file, err := configure("haproxy.cfg", at)
	return exec.Command("haproxy", "-f", file), err
}

// configure writes a configuration for a spot.
func configure(name string, at spot) (file string, err error) {
	text, err := between.ReadFile("between/" + name)
	if err != nil {
		return "", err
	}
	filled := strings.NewReplacer("@DIR@", at.dir, "@LISTEN@", at.listen, "@UPSTREAM@", strings.TrimPrefix(at.upstream, "http://")).Replace(string(text))
	file = filepath.Join(at.dir, name)
	return file, os.WriteFile(file, []byte(filled), 0o644)
}
