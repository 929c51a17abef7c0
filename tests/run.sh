#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: tests/run.sh [--preset release|ci|debug|sanitize] [CTEST ARGUMENTS…]
#        for instance  tests/run.sh -L unit,  tests/run.sh -R halo
#
# Sets up, builds and runs the tests. Where CI=true the preset is ci: warnings are errors.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=release
if [ "${CI:-}" = true ]; then preset=ci; fi
if [ "${1:-}" = --preset ]; then
  preset=${2:?a preset must follow}
  shift 2
fi

"$root/jobs/setup.sh" "$preset"
cd "$root"
cmake --build --preset "$preset" -j "$(nproc)"
ctest --preset "$preset" -j "$(nproc)" "$@"
