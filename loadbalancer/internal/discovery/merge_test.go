package discovery_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
)

func server(url, name string) discovery.Server { return discovery.Server{URL: url, Name: name} }

func TestMerge_OneURLIsOneServerInAStableOrder(t *testing.T) {
	one, two := make(told), make(told)
	w := watch(t, discovery.Merge(one, two))
	two <- discovery.Update{Servers: []discovery.Server{server("http://b", "b"), {URL: "http://a", Name: "http://a", Incarnation: "i", Draining: true}}}
	assert.Equal(t, []string{"http://b", "http://a"}, w.urls())
	one <- discovery.Update{Servers: []discovery.Server{server("http://c", "c"), server("http://a", "gpu-1")}}
	u := w.next()
	assert.Equal(t, []string{"http://c", "http://a", "http://b"}, urls(u))
	assert.Equal(t, discovery.Server{URL: "http://a", Name: "gpu-1", Incarnation: "i", Draining: true}, u.Servers[1], "the first's name, and what it says itself")
	two <- discovery.Update{Servers: []discovery.Server{server("http://b", "b")}}
	assert.Equal(t, discovery.Server{URL: "http://a", Name: "gpu-1"}, w.next().Servers[1])
	one <- discovery.Update{Servers: []discovery.Server{}}
	assert.Equal(t, []string{"http://b"}, w.urls())
}

func TestMerge_TwoOfOneNameAreNotMixedUp(t *testing.T) {
	one, two := make(told), make(told)
	w := watch(t, discovery.Merge(one, two))
	one <- discovery.Update{Servers: []discovery.Server{server("http://a", "gpu")}}
	w.next()
	two <- discovery.Update{Servers: []discovery.Server{server("http://b", "gpu"), server("http://c", "c")}}
	u := w.next()
	assert.Equal(t, []string{"http://a", "http://c"}, urls(u))
	assert.ErrorContains(t, u.Err, `http://b of told is left out: http://a is called "gpu" too`)
}

func TestMerge_AFailureOfOneLeavesTheOthers(t *testing.T) {
	one, two := make(told), make(told)
	w := watch(t, discovery.Merge(one, two))
	one <- discovery.Update{Servers: []discovery.Server{server("http://a", "a")}, Err: errors.New("broken")}
	u := w.next()
	assert.Equal(t, []string{"http://a"}, urls(u))
	assert.EqualError(t, u.Err, "broken")
	one <- discovery.Update{Servers: []discovery.Server{server("http://a", "a")}, Err: errors.New("broken")} // told once
	two <- discovery.Update{Servers: []discovery.Server{server("http://b", "b")}}
	u = w.next()
	assert.Equal(t, []string{"http://a", "http://b"}, urls(u))
	assert.EqualError(t, u.Err, "broken")
	one <- discovery.Update{Servers: []discovery.Server{server("http://a", "a")}}
	assert.Equal(t, []string{"http://a", "http://b"}, w.urls())
}
