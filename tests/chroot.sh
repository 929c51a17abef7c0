#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: sudo tests/chroot.sh bookworm|trixie [FOLDER [COMMAND…]]
#
# Does what a fresh Debian does: bootstraps a minimal release into FOLDER, copies this tree to /haloscope in it and runs
# COMMAND there (tests/run.sh). FOLDER is a temporary one, removed at the end; one that is named is kept, and used again with
# its packages and its last build. The mirror is DEBIAN_MIRROR, or the one debootstrap knows. Takes 4 GB and, the first time, minutes.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
fail() {
  echo "chroot.sh: $*" >&2
  exit 2
}

# Runs in a mount namespace of its own: its mounts end with it, however it ends, and nobody else sees them.
inside() {
  local folder=$1
  shift
  mount -t proc proc "$folder/proc"
  mount -t sysfs -o ro sys "$folder/sys"
  mount --bind /dev "$folder/dev"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$folder/dev/pts"
  mount -t tmpfs shm "$folder/dev/shm"
  exec chroot "$folder" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    TERM=dumb LC_ALL=C.UTF-8 CI="${CI:-}" sh -c 'cd /haloscope && exec "$@"' sh "$@"
}
if [ "${1:-}" = --inside ]; then
  shift
  inside "$@"
fi

release=${1:-}
case $release in bookworm | trixie) shift ;; *) fail "usage: chroot.sh bookworm|trixie [FOLDER [COMMAND…]]" ;; esac
[ "$(id -u)" -eq 0 ] || fail "only root may change the root"
command -v debootstrap >/dev/null || fail "debootstrap is not here: apt-get install debootstrap"
if [ $# -gt 0 ]; then
  folder=$1
  shift
  mkdir -p "$folder"
else
  folder=$(mktemp -d "${TMPDIR:-/tmp}/haloscope-$release-XXXXXX")
  trap 'rm -rf --one-file-system "$folder"' EXIT
fi
folder=$(cd "$folder" && pwd)

if [ ! -e "$folder/etc/debian_version" ]; then
  debootstrap --variant=minbase "$release" "$folder" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
fi
grep -q "VERSION_CODENAME=$release" "$folder/etc/os-release" || fail "$folder holds another release"
cp -L /etc/resolv.conf "$folder/etc/resolv.conf"

# The files of the tree and its history as they are here, without build and results; the last build in the chroot stays.
tree=$folder/haloscope
mkdir -p "$tree"
find "$tree" -mindepth 1 -maxdepth 1 -not -name build -exec rm -rf {} +
tar --create --directory "$root" --exclude=./build --exclude=./results . | tar --extract --no-same-owner --directory "$tree"

if [ $# -eq 0 ]; then set -- tests/run.sh; fi
unshare --mount --propagation private "${BASH_SOURCE[0]}" --inside "$folder" "$@"
