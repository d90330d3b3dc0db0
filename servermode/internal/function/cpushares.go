package function

import "sync"

// cpuShares carries out what shares decide. It tells processes their places outside
// of the lock.
type cpuShares struct {
	table *Table

	mu     sync.Mutex // guards shares
	shares shares
}

func newCPUShares(t *Table) *cpuShares {
	return &cpuShares{table: t, shares: shares{cpus: t.cfg.Load().CPUs, tenants: map[string]*tenantShare{}}}
}

// enter records a run that is about to be handed to an instance. leave must follow.
func (c *cpuShares) enter(tenant string, i Instance) {
	c.mu.Lock()
	others := c.shares.runStarted(tenant, i, c.table.now())
	c.mu.Unlock()
	c.tell(tenant, i)
	if len(others) > 0 {
		go c.tellAll(others)
	}
}

func (c *cpuShares) leave(tenant string, i Instance) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shares.runEnded(tenant, i.PID(), c.table.now())
}

// sweep reviews each process's place.
func (c *cpuShares) sweep() {
	c.mu.Lock()
	changed := c.shares.sweep(c.table.now())
	c.mu.Unlock()
	c.tellAll(changed)
}

func (c *cpuShares) tellAll(runners []*runner) {
	for _, r := range runners {
		c.tell(r.tenant, r.instance)
	}
}

func (c *cpuShares) tell(tenant string, i Instance) {
	i.Yield(func() Place {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.shares.placeOf(tenant, i.PID())
	})
}
