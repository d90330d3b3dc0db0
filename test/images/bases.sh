#!/bin/sh
# Makes local base images for the Dockerfiles without a registry: Debian from
# its packages (debootstrap), Go from this host's /usr/local/go. For root.
#
#   eval "$(sudo test/images/bases.sh)"     sets GO_IMAGE and BASE
set -eu
debian=whiskaway-test/debian:bookworm golang=whiskaway-test/golang:local
dir=$(mktemp -d /var/tmp/whiskaway-bases-XXXXXX)
trap 'rm -rf "$dir"' EXIT
debootstrap --variant=minbase --include=ca-certificates bookworm "$dir/debian" "${MIRROR:-http://deb.debian.org/debian}" >&2
# The authorities that this host's owner added, for networks that are looked into.
cp -r /usr/local/share/ca-certificates "$dir/debian/usr/local/share/"
chroot "$dir/debian" update-ca-certificates >&2
echo "deb http://security.debian.org/debian-security bookworm-security main" >>"$dir/debian/etc/apt/sources.list"
rm -rf "$dir"/debian/var/cache/apt/archives/*.deb
tar -C "$dir/debian" -cf "$dir/image.tar" .
docker import -c 'CMD ["bash"]' "$dir/image.tar" "$debian" >&2
tar -C / -rf "$dir/image.tar" ./usr/local/go
docker import -c 'ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	-c 'ENV GOTOOLCHAIN=local' "$dir/image.tar" "$golang" >&2
echo "export BASE=$debian GO_IMAGE=$golang"
