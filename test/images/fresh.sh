#!/bin/sh
# A user's first steps on a bare Debian: clones the last commit in a container
# that has make, git and this host's Go, and runs make there.
#
#   test/images/fresh.sh [--user root|ada|sudoer] [target …]     default: root, demo
#
# ada may install nothing, sudoer may. PIP_* variables are passed on: with
# PIP_INDEX_URL=http://127.0.0.1:9/ there is no PyPI.
set -eu
repo=$(cd "$(dirname "$0")/../.." && pwd)
user=root
if [ "${1:-}" = --user ]; then user=$2 && shift 2; fi
pass=$(env | sed -n 's/^\(PIP_[A-Z_]*\)=.*/-e \1/p')
# SYS_PTRACE: root of a machine has it.
# shellcheck disable=SC2086 # a list of flags
exec docker run --rm -i --cap-add SYS_PTRACE $pass -e FRESH_USER="$user" -e FRESH_PACKAGES="${FRESH_PACKAGES:-}" \
	-v "$repo/.git:/repo/.git:ro" -v "$(go env GOROOT):/usr/local/go:ro" \
	"${BASE:-debian:bookworm-slim}" sh -s "${@:-demo}" <<'STEPS'
set -eu
packages="make git ca-certificates $FRESH_PACKAGES"
[ "$FRESH_USER" != sudoer ] || packages="$packages sudo"
apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1
if [ "$FRESH_USER" != root ]; then
	useradd --create-home --shell /bin/bash "$FRESH_USER"
	[ "$FRESH_USER" != sudoer ] || echo "sudoer ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/sudoer
fi
cat >/usr/local/bin/first-steps <<'EOF'
#!/bin/sh
set -eu
export PATH="$PATH:/usr/local/go/bin"
cd
git config --global --add safe.directory '*'
git clone -q /repo whiskaway
cd whiskaway
git log -1 --oneline
make "$@"
EOF
chmod +x /usr/local/bin/first-steps
if [ "$FRESH_USER" = root ]; then
	exec first-steps "$@"
fi
exec setpriv --reuid="$FRESH_USER" --regid="$FRESH_USER" --init-groups \
	env HOME="/home/$FRESH_USER" USER="$FRESH_USER" first-steps "$@"
STEPS
