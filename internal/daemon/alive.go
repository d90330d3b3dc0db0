package daemon

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"
)

// Alive asks a service of this host whether it is alive, by the address that it
// listens on: images without a shell check their health with their own program.
// The certificate of a service that serves TLS names what others call it by, not
// this, and is not looked at.
func Alive(listen string, serveTLS bool) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme, transport := "http://", &http.Transport{DisableKeepAlives: true}
	if serveTLS {
		scheme, transport.TLSClientConfig = "https://", &tls.Config{InsecureSkipVerify: true}
	}
	client := http.Client{Timeout: 3 * time.Second, Transport: transport}
	resp, err := client.Get(scheme + net.JoinHostPort(host, port) + "/healthz")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}
