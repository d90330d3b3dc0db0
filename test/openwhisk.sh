#!/bin/sh
# Prints a folder of JavaScript modules that has the platform's own package,
# openwhisk, as after npm install -g openwhisk on a server's host. What it does
# is said on stderr; with all there it does nothing. With --find it only looks.
set -eu
package=openwhisk@3.21.8
shared=/var/cache/whiskaway
if [ "$(id -u)" = 0 ]; then cache=$shared; else cache=${XDG_CACHE_HOME:-$HOME/.cache}/whiskaway; fi
for dir in "$shared/$package" "$cache/$package"; do
	if [ -r "$dir/node_modules/openwhisk/package.json" ]; then echo "$dir/node_modules"; exit 0; fi
done
[ "${1:-}" != --find ] || exit 1
umask 022 # a server that is root runs functions as users of their own
mkdir -p "$cache"
fresh=$(mktemp -d "$cache/openwhisk.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
chmod 755 "$fresh"
echo "deps: installing $package (npm)" >&2
printed=$(npm install --prefix "$fresh" --no-audit --no-fund --no-save --ignore-scripts "$package" 2>&1) || {
	printf '%s\n' "$printed" >&2
	exit 1
}
rm -rf "$dir"
mv "$fresh" "$dir"
echo "$dir/node_modules"
