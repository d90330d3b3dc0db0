package policy

import "slices"

// hot knows which load is high, compared with what was seen lately (Prequal).
type hot struct {
	seen  [128]float64 // loads per slot, the oldest overwritten
	count int
	limit float64
}

// refresh is after how many loads the limit is found again.
const refresh = 32

func (h *hot) see(fill, quantile float64) {
	h.seen[h.count%len(h.seen)] = fill
	h.count++
	if h.count%refresh == 0 {
		sorted := h.seen
		known := sorted[:min(h.count, len(sorted))]
		slices.Sort(known)
		h.limit = known[int(quantile*float64(len(known)-1))]
	}
}

// is reports whether a load is above the quantile.
func (h *hot) is(fill float64) bool { return h.count >= refresh && fill > h.limit }
