package kind

import "regexp"

// What source text of each kind looks like where nobody said which it is.
// Each is asked for code that is valid text, and is neither ELF nor a script.
var (
	pythonSource = regexp.MustCompile(`(?ms)^(async )?def \w+\(.*?\)[^\n]*:`)
	goSource     = regexp.MustCompile(`(?m)^[ \t]*package \w+[ \t\r]*(//.*|/\*.*)?$`) // not Java's, which ends in ;
	nodeSource   = regexp.MustCompile(`(?m)^\s*(export\s+(default\s+)?)?(async\s+)?function\b|\b(module\.)?exports\s*[.=[]|=>|\brequire\s*\(\s*['"` + "`" + `]|^\s*(const|let|var)\s+[\w${[]|^import\b.*['"]\s*;?\s*$|^export\b`)
	// notNodeSource has those of the same signs too: PHP, Go, Rust, Swift, C#, Java.
	notNodeSource = regexp.MustCompile(`(?m)^\s*<\?php|^package\s+[\w.]+|^\s*(pub\s+)?fn\s+\w+|^func\s+\w+|^using\s+[\w.]+;|^\s*(public|private)\s+(static\s+)?\w+`)
)
