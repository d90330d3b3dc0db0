package runtimespec_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// runOf returns a run's body as the platform sends it, with an argument of n bytes
// of text.
func runOf(n int) []byte {
	return []byte(`{"value":{"name":"` + strings.Repeat("x", n) + `"},"namespace":"guest","action_name":"/guest/hello","action_version":"0.0.1",` +
		`"activation_id":"0c1f7a2b3d4e4f5a8b9c0d1e2f3a4b5c","transaction_id":"t","deadline":"1767225660000","api_key":"k"}`)
}

// structured returns a run's body full of small values.
func structured() []byte {
	item := `{"id":12345,"name":"plate","box":[0.25,0.5,0.75,1.0],"ok":true},`
	return []byte(`{"value":{"items":[` + strings.Repeat(item, 15_000) + `null]},"activation_id":"0c1f7a2b3d4e4f5a8b9c0d1e2f3a4b5c"}`)
}

var bodies = []struct {
	name string
	body []byte
}{{"small", runOf(16)}, {"text-1MiB", runOf(1 << 20)}, {"values-1MB", structured()}}

func BenchmarkCheckRun(b *testing.B) {
	for _, c := range bodies {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				if runtimespec.CheckRun(c.body) != nil {
					b.Fatal("refused")
				}
			}
		})
	}
}

func BenchmarkSkimRun(b *testing.B) {
	for _, c := range bodies {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				if runtimespec.SkimRun(c.body).ID == "" {
					b.Fatal("no id")
				}
			}
		})
	}
}

func BenchmarkParseInit(b *testing.B) {
	for name, code := range map[string]string{
		"base64-48MiB": strings.Repeat("QUJD", 12<<20),
		"source-64KiB": strings.Repeat(`    return {\"a\": 1}\n`, 64<<10/22),
	} {
		body := []byte(`{"value":{"name":"hello","main":"main","binary":true,"code":"` + code + `","env":{"A":"1","__OW_NAMESPACE":"guest"}}}`)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if init, err := runtimespec.ParseInit(body); err != nil || !init.HasCode {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkIdentity(b *testing.B) {
	f := runtimespec.Function{Kind: "python:3", Main: "main", Env: map[string]string{"__OW_NAMESPACE": "guest", "__OW_ACTION_NAME": "/guest/hello", "A": "1"}}
	b.ReportAllocs()
	for b.Loop() {
		f.Identity()
	}
}

func BenchmarkFrameReader(b *testing.B) {
	log := runtimespec.AppendLog(nil, runtimespec.Stdout, []byte(strings.Repeat("x", 64)))
	small := append(bytes.Clone(log), okResult...)
	large := append(bytes.Repeat(runtimespec.AppendLog(nil, runtimespec.Stdout, make([]byte, 16<<10)), 64), okResult...)
	for name, wire := range map[string][]byte{"log-and-result": small, "logs-1MiB": large} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(wire)))
			b.ReportAllocs()
			for b.Loop() {
				r := runtimespec.NewFrameReader(bytes.NewReader(wire), 1<<20)
				for {
					if _, err := r.Next(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkAppendFrame(b *testing.B) {
	payload, dst := make([]byte, 16<<10), make([]byte, 0, 17<<10)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		dst = runtimespec.AppendFrame(dst[:0], runtimespec.Stdout, 0, payload)
	}
}

func BenchmarkLoad(b *testing.B) {
	load := runtimespec.Load{InFlight: 3, Slots: 8, Queued: 12, CPU: -1}
	header := string(load.AppendHeader(nil))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := runtimespec.ParseLoad(header); err != nil {
			b.Fatal(err)
		}
	}
}
