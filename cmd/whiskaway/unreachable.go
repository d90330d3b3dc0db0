package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// errWantsTLS is for a server that serves HTTPS and was asked in plain HTTP.
var errWantsTLS = errors.New("it serves HTTPS")

// unreachable says in plain words why a server cannot be spoken to, and what to
// do about it.
func unreachable(server string, err error) error {
	return coded(exitUnreachable, fmt.Errorf("%s cannot be reached: %w", server, plainly(server, err)))
}

// cured is an error in plain words that keeps its cause for programs.
type cured struct {
	says  string
	cause error
}

func (c cured) Error() string { return c.says }
func (c cured) Unwrap() error { return c.cause }

func plainly(server string, err error) error {
	says := func(format string, args ...any) error { return cured{fmt.Sprintf(format, args...), err} }
	var lookup *net.DNSError
	var record tls.RecordHeaderError
	switch _, host, _ := strings.Cut(server, "://"); {
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return says("there is no host %s: check its spelling, or name another server with --server", lookup.Name)
	case errors.As(err, &lookup):
		return says("the host %s cannot be looked up (%s): is the network there?", lookup.Name, lookup.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return says("nothing listens there; is a server there? Start one (servermode), or name another with --server")
	case errors.Is(err, errWantsTLS), strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`):
		return says("it serves HTTPS and was asked in plain HTTP: say --server https://%s", host)
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return says("it serves plain HTTP and was asked for HTTPS: say --server http://%s", host)
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return says("it does not answer; is the host up, and no firewall between?")
	}
	if trust := untrusted(err); trust != "" {
		return says("%s", trust)
	}
	return err
}

// untrusted says what is wrong with a server's certificate; empty: nothing.
func untrusted(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return "nobody whom this host trusts has signed its certificate (x509): name the file with who has, or with the certificate itself, by --ca-file"
	case errors.As(err, &name):
		return fmt.Sprintf("its certificate is not for this name (%s): use one that it is for, or have it made for this one", name.Error())
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("its certificate is not valid now (%s): renew it, or mend this host's clock", invalid.Error())
	}
	return ""
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// wantsTLS tells what Go's servers and the usual proxies answer to plain HTTP on
// a port of HTTPS.
func wantsTLS(resp *http.Response, body []byte) bool {
	return resp.StatusCode == http.StatusBadRequest && (bytes.Contains(body, []byte("HTTP request to an HTTPS server")) ||
		bytes.Contains(body, []byte("plain HTTP request was sent to HTTPS port")))
}
