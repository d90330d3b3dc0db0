#!/bin/sh
# The smallest action of kind native: a line of JSON comes in on stdin, a line
# of JSON goes out on descriptor 3, stdout and stderr are the log.
while IFS= read -r line; do
	# The text between the quotes goes out as it came in, escapes and all.
	name=$(printf '%s\n' "$line" | sed -n 's/.*"name" *: *"\(\([^"\\]\|\\.\)*\)".*/\1/p')
	printf 'greeting %s\n' "${name:-stranger}"
	printf '{"greeting":"Hello, %s!"}\n' "${name:-stranger}" >&3
done
