package sandbox

import (
	"slices"
	"sync"
)

// User is a uid, and a gid of the same number, that no other function has. The
// processes of one function share it.
type User struct {
	ID uint32
	// Group, unless 0, is one more group of the user's processes. Set it before the
	// first is started.
	Group uint32

	notice func(error) // is told what of the user could not be removed

	mu     sync.Mutex // held while processes are started or ended
	groups []*Group   // those that have a process
	stuck  bool       // some process could not be ended: no other function may have the uid
	// exposed is set when a process had no folders of its own, and wrote to the
	// host's.
	exposed bool
}

// end ends what runs in g. The user's last group takes with it all that runs as the
// user. Before that, the other groups' processes are spared.
func (u *User) end(g *Group) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.groups = slices.DeleteFunc(u.groups, func(other *Group) bool { return other == g })
	if len(u.groups) == 0 {
		err := killUser(u.ID)
		if err == nil && u.exposed {
			u.exposed = false
			u.notice(removeLeftovers(func(uid uint32) bool { return uid == u.ID }))
		}
		u.stuck = u.stuck || err != nil
		return err
	}
	return killAll(u.strays, g.mark)
}

// strays returns the user's processes that are in none of its groups.
func (u *User) strays(table []proc) []int {
	var roots []int
	var marks []string
	for _, g := range u.groups {
		roots, marks = append(roots, g.pid), append(marks, g.mark)
	}
	spared := descendants(table, roots...)
	var out []int
	for _, p := range table {
		if p.uid != u.ID || p.zombie || spared[p.pid] {
			continue
		}
		if mark, readable := markOf(p.pid); readable && !slices.Contains(marks, mark) {
			out = append(out, p.pid)
		}
	}
	return out
}
