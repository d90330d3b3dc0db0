package discovery

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Parse reads what --server may be, several of it as one source:
//
//	http://HOST:PORT      one server; https too
//	dns://NAME:PORT       all addresses of a name
//	srv://NAME            all that its SRV records name
//	file:///PATH          what a file lists, read again when it changes
//
// dns+https and srv+https are for servers that speak HTTPS.
func Parse(targets []string) (Source, error) {
	var fixed Static
	var sources []Source
	seen := map[string]bool{}
	for _, target := range targets {
		scheme, rest, _ := strings.Cut(target, "://")
		source, err := dynamic(scheme, rest)
		if err == nil && source == nil {
			var server Server
			if server, err = at(target, ""); err == nil {
				server.Fixed = true
				fixed, target = append(fixed, server), server.URL
			}
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("--server %.200q: %w", target, err)
		case seen[target]:
			return nil, fmt.Errorf("--server %s is there twice", target)
		case source != nil:
			sources = append(sources, source)
		}
		seen[target] = true
	}
	if len(fixed) > 0 {
		sources = append([]Source{fixed}, sources...)
	}
	return Merge(sources...), nil
}

// dynamic is the source that a scheme stands for; nil: none but one server.
func dynamic(scheme, rest string) (Source, error) {
	tool, secure := strings.CutSuffix(scheme, "+https")
	web := "http"
	if secure {
		web = "https"
	}
	switch tool {
	case "dns":
		return parseDNS(rest, web)
	case "srv":
		name := strings.TrimSuffix(rest, "/")
		if name == "" || strings.ContainsAny(name, "/:?#@ ") {
			return nil, errors.New("want srv://NAME, such as srv://_whiskaway._tcp.example.org, and nothing else")
		}
		return SRV{Name: name, Scheme: web}, nil
	case "file":
		if !strings.HasPrefix(rest, "/") || secure {
			return nil, errors.New("want file:///PATH with a path that begins at the root")
		}
		path, err := url.PathUnescape(rest)
		return File{Path: path}, err
	case "http", "https":
		return nil, nil
	}
	if rest != "" {
		return nil, fmt.Errorf("%q is not known: want http, https, dns, srv or file", scheme+"://")
	}
	return nil, nil // HOST:PORT
}

func parseDNS(rest, web string) (Source, error) {
	u, err := url.Parse("http://" + rest)
	if err != nil {
		return nil, err
	}
	if u.Hostname() == "" || u.Port() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("want dns://NAME:PORT and nothing else")
	}
	return DNS{Name: u.Hostname(), Port: u.Port(), Scheme: web}, nil
}
