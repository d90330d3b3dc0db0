package code

// Script returns an ActionLoop action in bash. It runs start, acknowledges that
// if asked to, and then runs each for every line, which is in $line. In each,
// argument prints the line's "value" ({} without one), and fd 3 takes the
// result.
func Script(start, each string) string {
	return `#!/bin/bash
argument() {
  printf '%s\n' "$line" | sed -e 's/^{ *"value" *: *\(.*[^ ]\) *, *"namespace" *:.*$/\1/;t' -e 's/.*/{}/'
}
` + start + `
if [ -n "$__OW_WAIT_FOR_ACK" ]; then echo '{"ok":true}' >&3; fi
while IFS= read -r line; do
` + each + `
done
`
}

const nativeEcho = `  argument >&3`

var NativeCode = Code{
	Echo: Script("", nativeEcho),
	Niam: Script("", nativeEcho), // a program has no main function to choose
	Logs: Script("", `
  echo "hello stdout"
  echo "hello stderr" >&2
  argument >&3`),
	Winter: Script("", `
  delimiter=$(argument | sed 's/.*"delimiter" *: *"\([^"]*\)".*/\1/')
  echo "$delimiter ☃ $delimiter"
  printf '{"winter":"%s ☃ %s"}\n' "$delimiter" "$delimiter" >&3`),
	Give: Script("", `
  argument | sed 's/^{ *"result" *: *\(.*\)}$/\1/' >&3`),
	Environ: Script(`
some=${SOME_VAR-unset}
empty=${EMPTY_VAR-unset}`, `
  printf '{"SOME_VAR":"%s","EMPTY_VAR":"%s"}\n' "$some" "$empty" >&3`),
	Context: Script("", `
  printf '{"api_host":"%s","operator":"%s","line":%s}\n' "$__OW_API_HOST" "$__OW_OPERATOR" "$line" >&3`),
	Noisy: Script(`
full=$(printf 'o%.0s' {1..79})
noise() { for i in {1..2500}; do echo "$full"; done; }`, `
  noise; echo "end of stdout"
  noise >&2; echo "end of stderr" >&2
  echo '{}' >&3`),
	OpenEnded: Script("", `
  printf 'no newline'
  printf 'no newline' >&2
  echo '{}' >&3`),
	Mortal: Script("", `
  case "$line" in *'"die"'*) echo "last words"; exit 3;; esac
  argument >&3`),
	Slow: Script("", `
  echo "once"
  sleep 1
  printf '{"nonce":"%s","value":%s}\n' "$$.$RANDOM$RANDOM.$(date +%s%N)" "$(argument)" >&3`),
	Broken:   "#!/bin/bash\nexit 1\n",
	Archived: "exec",
}
