package place

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Site is one remote host and some containers' networks. Each network reaches
// the host and nothing else.
type Site struct {
	Far    *Place
	FarIP  string   // at which the containers reach it
	Near   []*Place // one for each container
	NearIP string   // at which a container is reached from its own network
}

// OneHost returns a site in the host's network, on loopback.
func OneHost(containers int) (*Site, error) {
	s := &Site{FarIP: "127.0.0.1", NearIP: "127.0.0.1"}
	err := s.fill(containers, func() (*Place, error) { return open(func() error { return nil }) })
	return s, err
}

// FarIP in networks of their own: only these see it.
const farIP = "10.231.0.1"

// TwoHosts returns a site whose hosts have a network each. It needs root and
// the command ip.
func TwoHosts(containers int) (*Site, error) {
	s := &Site{FarIP: farIP, NearIP: "127.0.0.1"}
	err := s.fill(containers, apart)
	if err == nil {
		err = s.Far.Run("ip", "address", "add", farIP+"/32", "dev", "lo")
	}
	for i := 0; i < len(s.Near) && err == nil; i++ {
		err = connect(s.Far, s.Near[i], i+1)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("networks of their own: %w", err)
	}
	return s, nil
}

func (s *Site) fill(containers int, open func() (*Place, error)) (err error) {
	if s.Far, err = open(); err != nil {
		return err
	}
	for range containers {
		p, err := open()
		if err != nil {
			return err
		}
		s.Near = append(s.Near, p)
	}
	return nil
}

func apart() (*Place, error) {
	p, err := open(func() error { return unix.Unshare(unix.CLONE_NEWNET) })
	if err != nil {
		return nil, err
	}
	p.Apart = true
	if err := p.Run("ip", "link", "set", "lo", "up"); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// connect connects the n-th network with the far place.
func connect(far, near *Place, n int) error {
	network := fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), far.tid)
	end, farEnd, nearEnd := fmt.Sprintf("near%d", n), fmt.Sprintf("10.231.%d.1", n), fmt.Sprintf("10.231.%d.2", n)
	for _, step := range []struct {
		at   *Place
		args []string
	}{
		{near, []string{"link", "add", "far", "type", "veth", "peer", "name", end, "netns", network}},
		{near, []string{"address", "add", nearEnd + "/30", "dev", "far"}},
		{far, []string{"address", "add", farEnd + "/30", "dev", end}},
		{far, []string{"link", "set", end, "up"}},
		{near, []string{"link", "set", "far", "up"}},
		{near, []string{"route", "add", farIP, "via", farEnd}},
	} {
		if err := step.at.Run("ip", step.args...); err != nil {
			return err
		}
	}
	return nil
}

// Close ends all that was started there.
func (s *Site) Close() {
	for _, p := range append(s.Near, s.Far) {
		if p != nil {
			p.Close()
		}
	}
}
