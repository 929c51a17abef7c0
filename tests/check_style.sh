#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: tests/check_style.sh
#
# What a machine can check of the house style: formatting (clang-format 14, as Debian 12 has it; another version breaks lines
# elsewhere, so it is passed over with a word, but not where CI=true), shell scripts, and the walls between the rooms.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 3
failed=0
complain() {
  printf 'style: %s\n' "$*"
  failed=1
}
sources() { find include solver tests -name '*.[ch]pp' | sort; }
scripts() { find jobs tests .ci -type f | while read -r file; do head -n 1 "$file" | grep -q '^#!.*sh$' && echo "$file"; done; }

clang_format=$(command -v clang-format-14 || command -v clang-format || true)
if [ -n "$clang_format" ] && "$clang_format" --version | grep -q 'version 14\.'; then
  sources | xargs "$clang_format" --dry-run --Werror || complain "clang-format -i the files above"
elif [ "${CI:-}" = true ]; then
  complain "clang-format 14 is not here"
else
  echo "style: formatting not checked, clang-format 14 is not here"
fi

if command -v shellcheck >/dev/null; then
  scripts | xargs shellcheck || complain "shellcheck"
elif [ "${CI:-}" = true ]; then
  complain "shellcheck is not here"
else
  echo "style: scripts not checked, shellcheck is not here"
fi

# only_in PATTERN FILES WHAT: no source but those whose path matches FILES may hold PATTERN.
only_in() {
  local strays
  strays=$(sources | grep -vE "^($2)$" | xargs grep -nE "$1")
  if [ -n "$strays" ]; then
    printf '%s\n' "$strays"
    complain "$3"
  fi
}
only_in '#include <petsc' 'solver/(poisson|main).*|tests/(bench|interconnect)/.*' "PETSc stays in the Poisson room"
only_in '#include <(hdf5|H5)' 'solver/record.*|tests/.*' "HDF5 stays in the record room"
only_in '#include <toml' 'solver/toml_library.hpp' "TOML comes by toml_library.hpp"
only_in '#include "toml_' 'solver/(case|compute|study|site|toml_|interconnect/profile).*' "TOML stays in the rooms of cases, profiles, compute models, studies and sites"
only_in '#include <hwloc' 'solver/machine.*' "hwloc stays in the machine room"
only_in 'std::chrono|clock_gettime|gettimeofday|std::clock\b' 'solver/(interconnect/.*|child\.cpp)|tests/.*' "one clock: MPI_Wtime"  # child.cpp runs before MPI
without_licence=$(sources | xargs grep -L 'SPDX-License-Identifier: BSD-3-Clause')
if [ -n "$without_licence" ]; then complain "no SPDX line in" "$without_licence"; fi

if [ $failed -eq 0 ]; then echo "style: ok"; fi
exit $failed
