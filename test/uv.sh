#!/bin/sh
# Prints the folder of a uv for the tests of requirements, which pip installs
# into a cache. Without the network there is none, and the tests use pip. With
# --find it only looks.
set -eu
umask 022 # a server that is root runs builds as users of their own
version=0.13.9
shared=/var/cache/whiskaway
if [ "$(id -u)" = 0 ]; then cache=$shared; else cache=${XDG_CACHE_HOME:-$HOME/.cache}/whiskaway; fi
for dir in "$shared/uv-$version" "$cache/uv-$version"; do
	if [ -x "$dir/bin/uv" ]; then echo "$dir/bin"; exit 0; fi
done
[ "${1:-}" != --find ] || exit 1
echo "deps: installing uv $version (pip) into $dir" >&2
mkdir -p "$dir.new"
if python3 -m pip install --quiet --root-user-action ignore --disable-pip-version-check --no-deps --target "$dir.new" "uv==$version" >&2; then
	chmod -R a+rX "$cache" && mv "$dir.new" "$dir" && echo "$dir/bin"
else
	rm -rf "$dir.new"
fi
