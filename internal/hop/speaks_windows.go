package hop

// speaks is not known here: a connection that has ended is found when it is used.
func speaks(uintptr) bool { return false }
