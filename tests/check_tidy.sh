#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: tests/check_tidy.sh [WING…]
#        for instance  tests/check_tidy.sh flow interconnect/engine
#
# Runs clang-tidy (solver/.clang-tidy) over the sources of the wings named; where none is named, of those that the last commit or
# the working tree changed. Needs a configured build: build/ci, else build/release. Where CI=true clang-tidy must be there.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 3

tidy=$(command -v clang-tidy-16 || command -v clang-tidy-19 || true)
if [ -z "$tidy" ]; then
  echo "tidy: not checked, clang-tidy is not here"
  [ "${CI:-}" != true ]
  exit
fi
for build in build/ci build/release; do [ -e $build/compile_commands.json ] && break; done
if [ ! -e "$build/compile_commands.json" ]; then
  echo "tidy: no compile_commands.json in build/ci or build/release: run jobs/setup.sh first"
  exit 2
fi

wings=("$@")
if [ ${#wings[@]} -eq 0 ]; then
  mapfile -t wings < <({ git diff --name-only HEAD~1 2>/dev/null || git ls-files solver; } |
    sed -nE 's#^(solver|include/haloscope)/(.*)/[^/]*\.[ch]pp$#\2#p' | sort -u)
fi
sources=()
for wing in "${wings[@]}"; do
  [ -d "solver/$wing" ] || { echo "tidy: there is no wing solver/$wing"; exit 2; }
  sources+=("solver/$wing"/*.cpp)
done
if [ ${#sources[@]} -eq 0 ]; then
  echo "tidy: no wing changed"
  exit 0
fi
printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 4 "$tidy" -p "$build" --quiet --extra-arg=-Wno-everything 2>/dev/null ||
  { echo "tidy: mend the above"; exit 1; }
echo "tidy: ${#sources[@]} files of ${#wings[@]} wings: ok"
