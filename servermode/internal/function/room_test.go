package function

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

func key(tenant string, n byte) Key {
	return Key{Tenant: tenant, Identity: runtimespec.Identity{n}}
}

// roomOf returns a room in which functions have processes and each of wants wants
// one.
func roomOf(limit, starts int, has map[Key]int, wants ...Key) *room {
	r := newRoom()
	r.limit, r.starts = limit, starts
	for k, n := range has {
		r.add(k, n)
	}
	for _, k := range wants {
		r.requests = append(r.requests, &startRequest{key: k})
	}
	return &r
}

func (r *room) nextKey(spare bool) string {
	if w := r.next(spare); w != nil {
		return w.key.Tenant + string('0'+rune(w.key.Identity[0]))
	}
	return ""
}

func TestRoom_Next(t *testing.T) {
	has := map[Key]int{key("a", 1): 3, key("a", 2): 1, key("b", 1): 1}
	for name, c := range map[string]struct {
		room  *room
		spare bool
		want  string
	}{
		"none is wanted":                       {roomOf(9, 9, has), true, ""},
		"full":                                 {roomOf(5, 9, has, key("a", 1)), true, ""},
		"first come":                           {roomOf(9, 9, nil, key("a", 1), key("a", 2)), true, "a1"},
		"the tenant with less goes first":      {roomOf(9, 9, has, key("a", 2), key("b", 1)), true, "b1"},
		"one with none goes first":             {roomOf(9, 9, has, key("a", 2), key("b", 1), key("c", 1)), true, "c1"},
		"the function with less goes first":    {roomOf(9, 9, has, key("a", 1), key("a", 2)), true, "a2"},
		"no limit":                             {roomOf(0, 0, has, key("a", 1)), true, "a1"},
		"no memory":                            {roomOf(9, 9, has, key("a", 1)), false, ""},
		"no memory, and none of ours to blame": {roomOf(9, 9, nil, key("a", 1)), false, "a1"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, c.room.nextKey(c.spare)) })
	}
}

func TestRoom_StartsAtOnce(t *testing.T) {
	r := roomOf(0, 2, nil, key("a", 1), key("a", 1), key("a", 1))
	assert.Equal(t, "a1", r.nextKey(true))
	assert.Equal(t, "a1", r.nextKey(true))
	assert.Empty(t, r.nextKey(true), "two are being started")
	assert.Zero(t, r.short(true), "a permit is missing, not a place")
	r.starting--
	assert.Equal(t, "a1", r.nextKey(true))
}

func TestRoom_Short(t *testing.T) {
	has := map[Key]int{key("a", 1): 4}
	for name, c := range map[string]struct {
		room   *room
		ending int
		spare  bool
		want   int
	}{
		"place for all":            {roomOf(6, 0, has, key("b", 1), key("b", 2)), 0, true, 0},
		"place for one":            {roomOf(5, 0, has, key("b", 1), key("b", 2)), 0, true, 1},
		"one is ending already":    {roomOf(5, 0, has, key("b", 1), key("b", 2)), 1, true, 0},
		"over a limit that shrank": {roomOf(1, 0, has, key("b", 1)), 0, true, 1},
		"no memory":                {roomOf(0, 0, has, key("b", 1), key("b", 2)), 0, false, 1},
		"no memory, none wanted":   {roomOf(0, 0, has), 0, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c.room.ending = c.ending
			assert.Equal(t, c.want, c.room.short(c.spare))
		})
	}
}

func TestRoom_Over(t *testing.T) {
	for name, c := range map[string]struct {
		has  map[Key]int
		want Key
		from Key
		ok   bool
	}{
		"the largest of the tenant with the most": {map[Key]int{key("a", 1): 2, key("a", 2): 3, key("b", 1): 1}, key("b", 2), key("a", 2), true},
		"with as many none is given":              {map[Key]int{key("a", 1): 2, key("b", 1): 1}, key("b", 1), Key{}, false},
		"a tenant with its share looks at home":   {map[Key]int{key("a", 1): 2, key("b", 1): 2}, key("b", 2), key("b", 1), true},
		"within a tenant":                         {map[Key]int{key("a", 1): 5, key("a", 2): 1}, key("a", 3), key("a", 1), true},
		"within a tenant, none has more":          {map[Key]int{key("a", 1): 2, key("a", 2): 1}, key("a", 2), Key{}, false},
		"a last instance is not taken":            {map[Key]int{key("a", 1): 1, key("a", 2): 1, key("a", 3): 1}, key("b", 1), Key{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			from, ok := roomOf(0, 0, c.has).over(&startRequest{key: c.want})
			assert.Equal(t, c.ok, ok)
			if ok {
				assert.Equal(t, c.from, from)
			}
		})
	}
}

func TestRoom_CountsWithoutKeepingZeros(t *testing.T) {
	r := roomOf(0, 0, map[Key]int{key("a", 1): 2})
	r.add(key("a", 1), -2)
	assert.Zero(t, r.taken)
	assert.Empty(t, r.tenants)
	assert.Empty(t, r.functions)
}

// A tenant that floods the queue gets half of it, and another tenant still gets in.
func TestQueues_Admits(t *testing.T) {
	const limit = 100
	q := queues{tenants: map[string]int{}}
	fill := func(tenant string) (n int) {
		for ; q.admits(tenant, limit); n++ {
			q.add(tenant, 1)
		}
		return n
	}
	assert.Equal(t, 50, fill("flood"))
	assert.Equal(t, 25, fill("second"))
	assert.True(t, q.admits("third", limit))
	q.add("flood", -50)
	assert.NotContains(t, q.tenants, "flood")
	assert.Equal(t, 25, fill("second"), "alone it may have half")
	assert.True(t, (&queues{total: 1 << 30}).admits("x", 0), "no limit")
}
