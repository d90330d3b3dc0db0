#!/bin/sh
# Prints a folder of JavaScript modules that has the platform's own package,
# openwhisk, as after npm install -g openwhisk on a server's host. What it does
# is said on stderr; with all there it does nothing.
set -eu
package=openwhisk@3.21.8
if [ "$(id -u)" = 0 ]; then cache=/var/cache/whiskaway; else cache=${XDG_CACHE_HOME:-$HOME/.cache}/whiskaway; fi
dir=$cache/$package
if [ ! -e "$dir/node_modules/openwhisk/package.json" ]; then
	umask 022 # a server that is root runs functions as users of their own
	mkdir -p "$cache"
	fresh=$(mktemp -d "$cache/openwhisk.XXXXXX")
	trap 'rm -rf "$fresh"' EXIT
	chmod 755 "$fresh"
	echo "tests: installing $package (npm)" >&2
	printed=$(npm install --prefix "$fresh" --no-audit --no-fund --no-save --ignore-scripts "$package" 2>&1) || {
		printf '%s\n' "$printed" >&2
		exit 1
	}
	rm -rf "$dir"
	mv "$fresh" "$dir"
fi
echo "$dir/node_modules"
