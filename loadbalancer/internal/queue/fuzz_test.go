package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
)

// place is a run as the model of the queue knows it.
type place struct {
	tenant, function byte
	number           int
	entry            *queue.Entry[[2]byte, *place]
}

// FuzzLine does what comes, beside a list that is simple: nobody is lost or there
// twice, functions are served first come first served, nobody gets a second turn
// while another tenant had none, and the bounds hold.
func FuzzLine(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 8, 9, 16, 17, 4, 4, 4, 5, 4, 6, 4, 4})
	f.Add([]byte{0, 0, 0, 8, 4, 12, 4, 20, 7, 7, 4})
	f.Fuzz(func(t *testing.T, steps []byte) {
		const entries = 12
		l := &queue.Queue[[2]byte, *place]{}
		l.Limit(queue.Limits{Entries: entries, Bytes: 1 << 20})
		m := model{t: t, line: l, passed: map[byte]map[byte]bool{}}
		for _, step := range steps {
			tenant, function := step>>3&3, step>>5&1
			switch step & 7 {
			case 4:
				m.next(func(*place) bool { return true })
			case 5: // the functions of a kind find nothing
				m.next(func(p *place) bool { return p.function != function })
			case 6:
				m.leave(int(step >> 3))
			case 7:
				m.giveBack()
			default:
				m.join(tenant, function)
			}
			require.Equal(t, len(m.waiting), l.Len())
			require.LessOrEqual(t, l.Len(), entries+1, "one that was given back was within")
		}
	})
}

// model is a list of all runs that wait, in the order of their functions' lanes.
type model struct {
	t       *testing.T
	line    *queue.Queue[[2]byte, *place]
	waiting []*place
	out     *place // the last that was taken out
	passed  map[byte]map[byte]bool
	number  int
}

func (m *model) of(tenant byte) (n int) {
	for _, p := range m.waiting {
		if p.tenant == tenant {
			n++
		}
	}
	return n
}

func (m *model) join(tenant, function byte) {
	const entries = 12
	m.number++
	p := &place{tenant: tenant, function: function, number: m.number}
	mine, left := m.of(tenant), entries-len(m.waiting)
	entry, cause := m.line.Join(string(tenant), [2]byte{tenant, function}, p, 1)
	require.Equal(m.t, mine < left && left > 0, cause == "", "%d of %d left", mine, left)
	if p.entry = entry; cause == "" {
		m.waiting = append(m.waiting, p)
	}
}

func (m *model) next(agreed func(*place) bool) {
	could := map[byte]bool{} // tenants of which one would have been agreed to
	for _, p := range m.waiting {
		if agreed(p) {
			could[p.tenant] = true
		}
	}
	var got *place
	found := m.line.Next(1<<10, func(p *place) bool { got = p; return agreed(p) })
	require.Equal(m.t, len(could) > 0, found)
	if !found {
		return
	}
	for _, p := range m.waiting {
		if p.tenant == got.tenant && p.function == got.function {
			require.Same(m.t, p, got, "first come first served")
			break
		}
	}
	require.False(m.t, m.passed[got.tenant][got.tenant])
	for other := range could { // it goes before others that it has not yet gone before
		if other != got.tenant {
			require.False(m.t, m.passed[other][got.tenant], "two turns while tenant %d had none", other)
			if m.passed[other] == nil {
				m.passed[other] = map[byte]bool{}
			}
			m.passed[other][got.tenant] = true
		}
	}
	delete(m.passed, got.tenant)
	m.remove(got)
	m.out = got
}

func (m *model) leave(i int) {
	if len(m.waiting) == 0 {
		return
	}
	p := m.waiting[i%len(m.waiting)]
	require.True(m.t, m.line.Leave(p.entry))
	require.False(m.t, m.line.Leave(p.entry))
	m.remove(p)
}

func (m *model) giveBack() {
	if m.out == nil {
		return
	}
	m.line.Return(m.out.entry)
	m.waiting = append([]*place{m.out}, m.waiting...)
	m.out = nil
}

func (m *model) remove(gone *place) {
	for i, p := range m.waiting {
		if p == gone {
			m.waiting = append(m.waiting[:i:i], m.waiting[i+1:]...)
			break
		}
	}
	if m.of(gone.tenant) == 0 {
		delete(m.passed, gone.tenant) // it begins anew
	}
}
