package kind

import "regexp"

// What source text of each kind looks like where nobody said which it is.
// Each is asked for code that is valid text, and is neither ELF nor a script.
var (
	pythonSource = regexp.MustCompile(`(?ms)^(async )?def \w+\(.*?\)[^\n]*:`)
	goSource     = regexp.MustCompile(`(?m)^package \w+`)
)
