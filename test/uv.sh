#!/bin/sh
# Prints the folder of a uv for the tests of requirements, which pip installs
# into a cache. Without the network the tests do without it, and say so.
set -eu
umask 022 # a server that is root runs builds as users of their own
version=0.13.9
if [ "$(id -u)" = 0 ]; then cache=/var/cache/whiskaway; else cache=${XDG_CACHE_HOME:-$HOME/.cache}/whiskaway; fi
dir=$cache/uv-$version
if ! [ -x "$dir/bin/uv" ]; then
	echo "tests: installing uv $version (pip) into $dir" >&2
	mkdir -p "$dir.new"
	if python3 -m pip install --quiet --root-user-action ignore --disable-pip-version-check --no-deps --target "$dir.new" "uv==$version" >&2; then
		chmod -R a+rX "$cache" && mv "$dir.new" "$dir"
	else
		rm -rf "$dir.new"
	fi
fi
echo "$dir/bin"
