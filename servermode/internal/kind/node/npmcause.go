package node

import (
	"regexp"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
)

var (
	// npmError matches the prefix by which npm marks an error; older ones write
	// ERR!.
	npmError = regexp.MustCompile(`^npm (?:error|ERR!)(?: |$)`)
	// npmNoise matches what npm says besides: where it stood, how it is used, where
	// its own log is.
	npmNoise = regexp.MustCompile(`^(code|syscall|errno|path|cwd|node_modules/|While resolving|Could not resolve dependency|A complete log|Log files were|    at |[}{]|  [a-zA-Z]+: |.*In most cases you|.*Note that you can|.*This is related to npm not|.*tarball, folder, http url|.*If you are behind a proxy|.*this command with --force|.*to accept an incorrect|Fix the upstream|For a full report|Run "npm help)`)
	// npmTag matches the start of lines that belong together.
	npmTag     = regexp.MustCompile(`^(\d{3}|[a-z]+|E[A-Z]+)( |$)`)
	spawnedGit = regexp.MustCompile(`(?m)syscall spawn (\S*/)?git\r?$`)
	// outOfStep matches what npm ci says of each package for which the lock differs.
	outOfStep = regexp.MustCompile(`^(Missing|Invalid): `)
)

// maxCauseLines is how many lines of npm's are told as the cause.
const maxCauseLines = 4

// npmCause returns why npm failed: in npm's own words, or with what an author can do
// about it. dirs are folders that mean nothing to an author.
func npmCause(failed *build.ExitError, lock *npmLock, dirs ...string) string {
	code, lines := npmErrors(failed.Stderr)
	cause := strings.Join(lines[:min(len(lines), maxCauseLines)], "; ")
	said := strings.Join(lines, " ")
	switch {
	case strings.Contains(said, "in sync"):
		cause = "package-lock.json is out of step with package.json" + named(lines) + ": run npm install and zip both again."
	case strings.Contains(said, "existing package-lock.json"):
		cause = "npm cannot use this package-lock.json: run npm install with npm 7 or later and zip it again."
	case code == "ENOENT" && spawnedGit.MatchString(failed.Stderr):
		cause = "a dependency is a git repository, and this server has no git: name a version in a registry or a tarball's URL, or put node_modules into the zip."
	case cause == "":
		cause = failed.Error()
	case strings.HasPrefix(code, "E"): // else it is a command's exit status
		cause = code + ": " + cause
	}
	if lock.isNewer() {
		cause += " (package-lock.json was made by a newer npm: npm install --lockfile-version=3 makes one that all can read.)"
	}
	for _, dir := range dirs {
		cause = strings.ReplaceAll(strings.ReplaceAll(cause, dir+"/", ""), dir, ".")
	}
	return cause
}

// npmErrors returns npm's code for the error, and the lines that say more.
func npmErrors(stderr string) (code string, lines []string) {
	for line := range strings.Lines(stderr) {
		mark := npmError.FindString(line)
		if mark == "" {
			continue
		}
		line = strings.TrimRight(line[len(mark):], " \r\n")
		if given, ok := strings.CutPrefix(line, "code "); ok {
			code = given
		}
		if npmNoise.MatchString(line) {
			continue
		}
		if line = strings.TrimSpace(untagged(line, code)); line != "" {
			lines = append(lines, line)
		}
	}
	return code, lines
}

// untagged returns a line without the tag in which npm repeats the code.
func untagged(line, code string) string {
	tag := strings.TrimSpace(npmTag.FindString(line))
	if tag != "" && (strings.EqualFold(tag, code) || strings.EqualFold("E"+tag, code) || tag == "notarget") {
		return line[len(tag):]
	}
	return line
}

// named names some of the packages in which lock and package.json differ.
func named(lines []string) string {
	var found []string
	for _, line := range lines {
		if outOfStep.MatchString(line) && len(found) < 3 {
			found = append(found, line)
		}
	}
	if found == nil {
		return ""
	}
	return " (" + strings.Join(found, ", ") + ")"
}
