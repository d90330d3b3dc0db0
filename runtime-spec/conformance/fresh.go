package conformance

import "slices"

// KeepsFresh reports whether a container that passes the case has had no
// successful init afterwards, so that the next case can use it too: for a
// runtime of which there is one container only.
func (c Case) KeepsFresh() bool {
	return slices.Contains([]string{"init-empty-code", "init-no-value", "init-malformed", "init-bad-base64"}, c.ID)
}
