package arms

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"

	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/bench/internal/place"
	"github.com/whiskaway/whiskaway/bench/internal/proc"
)

// Chain is an arm's fresh processes: a server, if the arm has one, a balancer
// or proxy before it, if any, and containers.
type Chain struct {
	Arm *Arm

	rig        *Rig
	dir        string
	server     *process
	between    *process
	upstream   string // URL of what containers send to
	containers []*process
	readied    bool
}

// keep is how many connections an invoker keeps open to a container.
const keep = 256

// Start starts the arm's server. No container is initialised yet.
func (a *Arm) Start(r *Rig) (*Chain, error) {
	c := &Chain{Arm: a, rig: r}
	var err error
	if c.dir, err = os.MkdirTemp(r.dir, a.Key+"-"); err == nil {
		err = os.Chmod(c.dir, 0o711)
	}
	if err == nil && a.server != nil {
		var address string
		c.server, address, err = c.start(plain(a.server), r.site.Far, r.site.FarIP, spot{}, r.site.Near[0])
		if c.upstream = "http://" + address; a.secure {
			c.upstream = "https://" + address
		}
	}
	if err == nil && a.between != nil {
		var address string
		c.between, address, err = c.start(a.between, r.site.Far, r.site.FarIP, spot{upstream: c.upstream}, r.site.Near[0])
		c.upstream = "http://" + address
	}
	if err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// plain returns a command that needs no files.
func plain(make func(*Rig, spot) *exec.Cmd) command {
	return func(r *Rig, at spot) (*exec.Cmd, error) { return make(r, at), nil }
}

func (c *Chain) start(command command, at *place.Place, ip string, where spot, from *place.Place) (*process, string, error) {
	wanted := "8080" // OpenServerless listens there and nowhere else
	if where.upstream != "" && at == c.rig.site.Far {
		wanted = "8081" // beside the server
	}
	port, err := at.Port(wanted)
	if err != nil {
		return nil, "", err
	}
	where.listen = net.JoinHostPort(ip, port)
	where.bins = c.rig.Bins
	if c.Arm.before {
		where.bins = c.rig.Before
	}
	if where.dir, err = os.MkdirTemp(c.dir, ""); err == nil {
		err = os.Chmod(where.dir, 0o711)
	}
	if err != nil {
		return nil, "", err
	}
	cmd, err := command(c.rig, where)
	if err != nil {
		return nil, "", err
	}
	cmd.Env = append(cmd.Env, where.env...)
	p, err := startProcess(cmd, at, from.Dialer(where.listen))
	if err != nil {
		err = fmt.Errorf("%s: %w", c.Arm.Label, err)
	}
	return p, where.listen, err
}

// Container starts another container, which will run an action.
func (c *Chain) Container(action Action) (*load.Target, error) {
	near := c.rig.site.Near[len(c.containers)%len(c.rig.site.Near)]
	action = c.Arm.fit(action)
	where := spot{upstream: c.upstream, kind: action.Kind}
	if action.Concurrent {
		where.env = []string{"__OW_ALLOW_CONCURRENT=true"}
	}
	p, address, err := c.start(plain(c.Arm.container), near, c.rig.site.NearIP, where, near)
	if err != nil {
		return nil, err
	}
	c.containers = append(c.containers, p)
	return target(address, near)
}

func target(address string, from *place.Place) (*load.Target, error) {
	t, err := load.NewTarget("http://"+address, keep)
	if err == nil {
		t.Dial, t.Concurrency = from.Dialer(address), keep
	}
	return t, err
}

// InitBody returns the platform's init of an action for the arm's containers.
func (c *Chain) InitBody(action Action) []byte {
	main := "main"
	if c.Arm.main != nil {
		main = c.Arm.main(c.upstream)
	}
	return c.Arm.fit(action).initBody(main)
}

// Init initialises a container, and does what the arm needs after its first
// init.
func (c *Chain) Init(ctx context.Context, t *load.Target, body []byte) error {
	err := t.Init(ctx, body)
	if err == nil && c.Arm.ready != nil && !c.readied {
		c.readied = true
		err = c.Arm.ready(c)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", c.Arm.Label, err)
	}
	return err
}

// Parts of a chain whose use of the host is told apart.
const (
	PartContainer = "container"
	PartBetween   = "between"
	PartServer    = "server"
	PartFunctions = "functions"
)

// PIDs returns the chain's processes by part.
func (c *Chain) PIDs() map[string][]int {
	out, table := map[string][]int{}, proc.Read()
	add := func(part string, p *process) {
		out[part] = append(out[part], p.pid())
		for _, d := range table.Descendants(p.pid()) {
			out[PartFunctions] = append(out[PartFunctions], d.PID)
		}
	}
	for _, p := range c.containers {
		add(PartContainer, p)
	}
	if c.between != nil {
		out[PartBetween] = append(out[PartBetween], c.between.pid())
		for _, worker := range table.Descendants(c.between.pid()) {
			out[PartBetween] = append(out[PartBetween], worker.PID)
		}
	}
	if c.server != nil {
		add(PartServer, c.server)
	}
	return out
}

// Stop ends the chain and removes its files.
func (c *Chain) Stop() error {
	for _, p := range c.containers {
		p.end()
	}
	for _, p := range []*process{c.between, c.server} {
		if p != nil {
			p.end()
		}
	}
	return os.RemoveAll(c.dir)
}
