#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: jobs/setup.sh [PRESET]
#
# Installs what containers/packages.txt lists and is missing, and configures build/PRESET (release). On Debian packages come
# from apt-get, as root or through sudo; elsewhere they must be there, found through CMAKE_PREFIX_PATH and PKG_CONFIG_PATH.
# Exits 2, with the reason, where the build cannot be configured. A second call does only what is missing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=${1:-release}
say() { printf '%s\n' "$*" >&2; }

missing_packages() {
  local listed installed
  listed=$(sed 's/#.*//' "$root/containers/packages.txt" | xargs -n 1 | sort -u)
  # shellcheck disable=SC2086  # one argument a package
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $listed 2>/dev/null | sed -n 's/^installed //p' | sort -u)
  comm -23 <(printf '%s\n' "$listed") <(printf '%s\n' "$installed") | xargs
}

# As root, or as a user whom sudo lets (asking for a password only where there is somebody to ask).
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    sudo "$@"
  else
    return 126
  fi
}

install_packages() {
  say "haloscope: installing $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 update >&2 || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 install --no-install-recommends \
    "$@" </dev/null >&2
}

missing=
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  missing=$(missing_packages)
  if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    install_packages $missing || say "haloscope: apt-get could not install them, trying without"
    missing=$(missing_packages)
  fi
fi

explain() {
  say ""
  say "haloscope: cannot configure the build on this system; the reason stands above."
  if [ -n "$missing" ]; then
    say "These packages are missing: $missing"
    say "Have them installed:  apt-get install $missing"
  else
    say "It needs CMake 3.25, Ninja, git, pkg-config, a C++20 compiler (g++ 12), MPI (Open MPI 4.1), PETSc 3.18 (real, on that"
    say "MPI), parallel HDF5 1.10, hwloc 2.9, CLI11 2.1, toml++ 3.3, fmt 9, nlohmann-json 3.11, Catch2; Python 3 with h5py for tables."
  fi
  say "Where they lie under prefixes of their own, name these and call again:"
  say "  export CMAKE_PREFIX_PATH=/path/a:/path/b PKG_CONFIG_PATH=/path/a/lib/pkgconfig:/path/b/lib/pkgconfig"
  exit 2
}

cd "$root"
if [ -e build ] && [ ! -w build ] || [ ! -e build ] && [ ! -w . ]; then
  say "haloscope: $root/build cannot be written by $(id -un): use a copy of your own, or chown it"
  exit 2
fi
command -v cmake >/dev/null || { say "haloscope: there is no cmake"; explain; }
mkdir -p build
cache=build/$preset/CMakeCache.txt
# A tree that was copied or moved brings a cache that names the old place.
if [ -e "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then rm -rf "build/$preset"; fi
if ! cmake --preset "$preset" >"build/configure-$preset.log" 2>&1; then
  grep -A 12 -E 'CMake Error|No such preset' "build/configure-$preset.log" | head -40 >&2 || cat "build/configure-$preset.log" >&2
  explain
fi
if [ -n "$missing" ]; then say "haloscope: not installed, but the build may do without: $missing"; fi
