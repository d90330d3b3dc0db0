package upstream

// speaks cannot tell on this system: a connection that has ended is found when
// it is used.
func speaks(uintptr) bool { return false }
