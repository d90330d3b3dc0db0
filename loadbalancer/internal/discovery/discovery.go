// Package discovery knows which servers there are: from flags, a file, DNS, or
// because they say so themselves. It tells the whole list at first and whenever it
// changes, and does not take a failure to find out for an answer: what was known
// last stays.
//
// A service watches one source, made of all that there are:
//
//	listed, err := discovery.Parse(cfg.Servers)
//	joined := discovery.NewJoined(0)
//	discovery.Merge(listed, joined).Watch(ctx, func(u discovery.Update) {
//	        // u.Err is new or over: say so. Make the members what u.Servers says:
//	        // a Server that is no longer equal is another one, unless only
//	        // Draining differs.
//	})
//
// and has POST /join answered by [DecodeRegistration] and [Joined.Join].
package discovery

import (
	"context"
	"net/url"
	"strings"

	"github.com/whiskaway/whiskaway/internal/upstream"
)

// Server is one that a source knows. It is comparable.
type Server struct {
	Name    string // places of functions follow from it, so all balancers must know the server by the same; its URL unless it was given another
	URL     string // http://HOST:PORT or https://HOST:PORT, in one spelling
	TLSName string // the name in its certificate; empty: the URL's host
	Fixed   bool   // the owner names it: it is on the list whatever becomes of it

	// What it says of itself, if it joined.
	Incarnation string
	Draining    bool // it takes no new work and will say goodbye
	Tunnel      bool // it cannot be dialled: work goes over the connection that it has made
}

// Update is what a source knows at some time.
type Update struct {
	Servers []Server // all of them, in a stable order; not to be changed. After a failure the last that were known
	Err     error    // why they may be out of date; nil: they are not
}

// Source is where servers are known from.
type Source interface {
	// Watch calls each with what is known at first and then whenever the list or
	// the error is another, one call at a time, until ctx ends. A failure to find
	// out leaves the list as it was.
	Watch(ctx context.Context, each func(Update))
	// String names the source for an operator.
	String() string
}

// Static is servers that are there for good.
type Static []Server

// Watch tells them once.
func (s Static) Watch(ctx context.Context, each func(Update)) {
	each(Update{Servers: s})
	<-ctx.Done()
}

func (s Static) String() string { return "--server" }

// at is the server at a URL; a name may be given.
func at(target, name string) (Server, error) {
	u, err := upstream.ParseTarget(target, "http")
	if err != nil {
		return Server{}, err
	}
	s := Server{Name: name, URL: spell(u)}
	if name == "" {
		s.Name = s.URL
	}
	return s, nil
}

// spell is a URL in the one spelling by which it is compared.
func spell(u *url.URL) string { return u.Scheme + "://" + strings.ToLower(u.Host) }
