#!/bin/sh
# Says in one line what to install where Go is missing or too old to fetch the
# version that go.mod names.
go=${1:-go}
says="Go 1.21 or later is needed (it fetches 1.26 itself): install Go from https://go.dev/dl, or golang-go from bookworm-backports on Debian 12"
version=$(cd / && GOTOOLCHAIN=local "$go" env GOVERSION 2>/dev/null) || version=
[ -n "$version" ] || { echo "there is no Go here. $says" >&2; exit 1; }
minor=${version#go1.}
minor=${minor%%[!0-9]*}
case $version in
go1.*) [ "${minor:-0}" -ge 21 ] || { echo "this is $version. $says" >&2; exit 1; } ;;
esac
