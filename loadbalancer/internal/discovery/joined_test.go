package discovery_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const every = time.Second

func registration(url string) runtimespec.Registration {
	return runtimespec.Registration{URL: url, Incarnation: uuid.NewString()}
}

func join(t *testing.T, j *discovery.Joined, r runtimespec.Registration) {
	t.Helper()
	again, err := j.Join(r)
	require.NoError(t, err)
	assert.Equal(t, every, again)
}

func TestJoined_IsThereWhileItRenewsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := discovery.NewJoined(every)
		w := watch(t, j)
		assert.Empty(t, w.urls())
		a, b := registration("http://A:1/"), registration("http://b:1")
		join(t, j, a)
		u := w.next()
		assert.Equal(t, []discovery.Server{{URL: "http://a:1", Name: "http://a:1", Incarnation: a.Incarnation}}, u.Servers)
		join(t, j, b)
		assert.Equal(t, []string{"http://a:1", "http://b:1"}, w.urls())
		began := time.Now()
		for range 10 { // a says it each time, b has missed all
			time.Sleep(every)
			join(t, j, a)
		}
		synctest.Wait()
		assert.Equal(t, []string{"http://a:1"}, w.urls())
		assert.Empty(t, w.updates, "renewals are no news")
		assert.Equal(t, []string{}, w.urls(), "and a is gone three intervals after its last word")
		assert.Equal(t, 13*every, time.Since(began))
	})
}

func TestJoined_GoodbyeEndsALeaseAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := discovery.NewJoined(every)
		w := watch(t, j)
		w.next()
		a, began := registration("http://a:1"), time.Now()
		join(t, j, a)
		w.next()
		a.Draining = true
		join(t, j, a)
		assert.True(t, w.next().Servers[0].Draining)
		other := registration("http://a:1")
		other.Leaving = true
		join(t, j, other) // is not there, and takes nobody along
		a.Leaving = true
		join(t, j, a)
		assert.Empty(t, w.urls())
		join(t, j, a) // again
		synctest.Wait()
		assert.Empty(t, w.updates)
		assert.Zero(t, time.Since(began))
	})
}

func TestJoined_ARestartedServerTakesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := discovery.NewJoined(every)
		w := watch(t, j)
		w.next()
		old, young := registration("http://a:1"), registration("http://a:1")
		join(t, j, old)
		w.next()
		join(t, j, young)
		assert.Equal(t, young.Incarnation, w.next().Servers[0].Incarnation)
		_, err := j.Join(old)
		assert.ErrorIs(t, err, discovery.ErrTaken, "two servers at one address do not take turns")
		late := old
		late.Leaving = true
		join(t, j, late)
		synctest.Wait()
		assert.Empty(t, w.updates, "a late goodbye of the old one is not the new one's")
	})
}

func TestJoined_WithATunnelTheNameIsThePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := discovery.NewJoined(every)
		w := watch(t, j)
		w.next()
		var last discovery.Server
		for range 2 {
			r := runtimespec.Registration{Name: "gpu-1:9000", Incarnation: uuid.NewString(), Tunnel: true}
			join(t, j, r)
			u := w.next()
			require.Len(t, u.Servers, 1)
			s := u.Servers[0]
			assert.True(t, s.Tunnel)
			assert.Equal(t, "gpu-1:9000", s.Name)
			assert.Contains(t, s.URL, r.Incarnation)
			assert.NotEqual(t, last, s)
			last = s
		}
	})
}

func TestJoined_RefusesWhatIsNoServer(t *testing.T) {
	j := discovery.NewJoined(0)
	id := uuid.NewString()
	for says, r := range map[string]runtimespec.Registration{
		"incarnation must be a UUID":               {URL: "http://a:1", Incarnation: "me"},
		"url is missing":                           {Incarnation: id},
		"and nothing else":                         {URL: "http://a:1/run", Incarnation: id},
		"want http://HOST:PORT":                    {URL: "file:///etc/passwd", Incarnation: id},
		"visible ASCII":                            {URL: "http://a:1", Incarnation: id, Name: "a b"},
		"at most 253":                              {URL: "http://a:1", Incarnation: id, Name: strings.Repeat("a", 254)},
		"a server with a tunnel has a name":        {Incarnation: id, Tunnel: true},
		"a name and no url":                        {URL: "http://a:1", Name: "a", Incarnation: id, Tunnel: true},
		"this is a name for servers with a tunnel": {URL: "http://" + id + ".tunnel.whiskaway.internal:80", Incarnation: id},
	} {
		_, err := j.Join(r)
		assert.ErrorContains(t, err, says)
	}
	for n := range 4096 {
		r := registration("http://a:1")
		r.URL = "http://" + uuid.NewString() + ":1"
		_, err := j.Join(r)
		require.NoError(t, err, n)
	}
	_, err := j.Join(registration("http://one.more:1"))
	assert.ErrorIs(t, err, discovery.ErrFull)
}

func TestDecodeRegistration_ReadsTheContract(t *testing.T) {
	r, err := discovery.DecodeRegistration([]byte(`{"url":"http://a:1","incarnation":"i","draining":true,"more":{"later":1}}`))
	require.NoError(t, err)
	assert.Equal(t, runtimespec.Registration{URL: "http://a:1", Incarnation: "i", Draining: true}, r)
	for _, body := range []string{"", "[]", `{"draining":"4"}`, `{"url":"a","url":"b"}`, `{"url":"` + strings.Repeat("a", discovery.MaxRegistration) + `"}`} {
		_, err := discovery.DecodeRegistration([]byte(body))
		assert.ErrorContains(t, err, "the registration", "%.40q", body)
	}
}
