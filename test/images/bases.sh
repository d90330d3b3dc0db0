#!/bin/sh
# Makes local base images for the Dockerfiles without a registry: Debian from
# its packages (debootstrap), Go from this host's /usr/local/go. For root.
#
#   eval "$(sudo test/images/bases.sh)"     sets GO_IMAGE and BASE
set -eu
debian=whiskaway-test/debian:bookworm golang=whiskaway-test/golang:local
dir=$(mktemp -d /var/tmp/whiskaway-bases-XXXXXX)
trap 'rm -rf "$dir"' EXIT
# shellcheck disable=SC2086 # no mirror: debootstrap's own
debootstrap --variant=minbase --include=ca-certificates bookworm "$dir/debian" ${MIRROR:-} >&2
# The authorities and package sources that this host's owner chose.
cp -r /usr/local/share/ca-certificates "$dir/debian/usr/local/share/"
cp -r /etc/apt/sources.list* "$dir/debian/etc/apt/"
chroot "$dir/debian" update-ca-certificates >&2
rm -rf "$dir"/debian/var/cache/apt/archives/*.deb
tar -C "$dir/debian" -cf "$dir/image.tar" .
docker import -c 'CMD ["bash"]' "$dir/image.tar" "$debian" >&2
tar -C / -rf "$dir/image.tar" ./usr/local/go
docker import -c 'ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	-c 'ENV GOTOOLCHAIN=local' "$dir/image.tar" "$golang" >&2
echo "export BASE=$debian GO_IMAGE=$golang"
