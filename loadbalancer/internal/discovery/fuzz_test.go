package discovery_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
)

func FuzzParseList(f *testing.F) {
	for _, text := range []string{"http://a:1\n# b\n", "- a\n- {url: b, name: c}\n", `{"servers":["a"]}`, "[]", "---", "- &a [*a]", "{}", "servers:", "- ? a\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		servers, err := discovery.ParseList(text)
		if err != nil {
			return
		}
		for _, s := range servers {
			u, err := upstream.ParseTarget(s.URL, "")
			assert.NoError(t, err)
			assert.NotEmpty(t, s.Name)
			assert.NotEmpty(t, u.Host)
		}
	})
}

// Whoever has a join token can say anything; what is let in is a server.
func FuzzJoin(f *testing.F) {
	f.Add([]byte(`{"url":"http://a:1","incarnation":"6d1f0c3a-93b4-4c57-8a55-0e4b7f7f1a20"}`))
	f.Add([]byte(`{"name":"a:1","tunnel":true,"incarnation":"6d1f0c3a-93b4-4c57-8a55-0e4b7f7f1a20"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := discovery.DecodeRegistration(body)
		if err != nil {
			return
		}
		j := discovery.NewJoined(0)
		if _, err = j.Join(r); err != nil || r.Leaving {
			return
		}
		ctx, cancel := context.WithCancel(t.Context())
		j.Watch(ctx, func(u discovery.Update) {
			cancel()
			if assert.Len(t, u.Servers, 1) {
				_, err := upstream.ParseTarget(u.Servers[0].URL, "")
				assert.NoError(t, err)
				assert.Len(t, u.Servers[0].Incarnation, 36)
			}
		})
	})
}
