package runtimespec

// StringMember is a member of a body's top level that is a string, empty if it
// is not there or something else. Of several with the name the last counts. Like
// SkimRun it tolerates anything.
func StringMember(body []byte, wanted string) (text string) {
	s := skimmer{body: body}
	s.members(func(name, value []byte) {
		if found, ok := unquote(name); ok && string(found) == wanted {
			raw, _ := unquote(value)
			text = string(raw)
		}
	})
	return text
}
