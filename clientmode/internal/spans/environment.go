package spans

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
)

// environment is OpenTelemetry's variables, among others.
type environment []string

func (e environment) get(name string) (value string) {
	for _, entry := range e {
		if key, v, _ := strings.Cut(entry, "="); key == name {
			value = v
		}
	}
	return strings.TrimSpace(value)
}

// otlp is a variable of the exporter: that for traces goes before that for all.
func (e environment) otlp(name string) string {
	if value := e.get("OTEL_EXPORTER_OTLP_TRACES_" + name); value != "" {
		return value
	}
	return e.get("OTEL_EXPORTER_OTLP_" + name)
}

// target is where traces are posted to, empty when they are off.
func (e environment) target() string {
	if strings.EqualFold(e.get("OTEL_SDK_DISABLED"), "true") {
		return ""
	}
	if own := e.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); own != "" {
		return own
	}
	if all := e.get("OTEL_EXPORTER_OTLP_ENDPOINT"); all != "" {
		return strings.TrimRight(all, "/") + "/v1/traces"
	}
	return ""
}

// collector is how a batch is sent there.
func (e environment) collector(target string) (*hop.Pool, hop.Request, error) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" {
		return nil, hop.Request{}, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: want http://HOST:PORT or https://HOST:PORT, perhaps with a path")
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if file := e.otlp("CERTIFICATE"); file != "" {
		pem, err := os.ReadFile(file)
		if secure.RootCAs = x509.NewCertPool(); err != nil || !secure.RootCAs.AppendCertsFromPEM(pem) {
			return nil, hop.Request{}, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: no certificate can be read from %s", file)
		}
	}
	header := hop.Header{{Name: "Content-Type", Value: "application/json"}}
	for _, pair := range pairs(e.otlp("HEADERS")) {
		if isName(pair.key) {
			header = append(header, hop.Field{Name: pair.key, Value: pair.value})
		}
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return hop.New(&url.URL{Scheme: u.Scheme, Host: u.Host}, hop.Options{TLS: secure}), hop.Request{Path: path, Header: header}, nil
}

// taken are header fields that are the exporter's to set.
var taken = map[string]bool{"content-type": true, "content-length": true, "transfer-encoding": true, "connection": true, "host": true}

func isName(key string) bool {
	return key != "" && !taken[strings.ToLower(key)] && !strings.ContainsFunc(key, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	})
}

// pairs reads key=value,key=value, the values percent-encoded.
func pairs(text string) (out []attribute) {
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(part, "=")
		if value, err := url.PathUnescape(strings.TrimSpace(value)); ok && err == nil {
			out = append(out, attribute{strings.TrimSpace(key), value})
		}
	}
	return out
}

// timeout is how long a batch may take.
func (e environment) timeout() (time.Duration, error) {
	text := e.otlp("TIMEOUT")
	if text == "" {
		return 10 * time.Second, nil
	}
	ms, err := strconv.Atoi(text)
	if err != nil || ms <= 0 {
		return 0, fmt.Errorf("OTEL_EXPORTER_OTLP_TIMEOUT must be milliseconds, not %.40q", text)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// resource says who sends: of equal keys the last one counts.
func (e environment) resource(instance string) []attribute {
	all := []attribute{{"service.name", "whiskaway-clientmode"}, {"service.instance.id", instance}}
	all = append(all, pairs(e.get("OTEL_RESOURCE_ATTRIBUTES"))...)
	if name := e.get("OTEL_SERVICE_NAME"); name != "" {
		all = append(all, attribute{"service.name", name})
	}
	var out []attribute
	at := map[string]int{}
	for _, a := range all {
		if i, again := at[a.key]; again {
			out[i] = a
			continue
		}
		at[a.key] = len(out)
		out = append(out, a)
	}
	return out
}
