#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: tests/check_style.sh
#
# What a machine can check of the house style: formatting (clang-format 14, as Debian 12 has it; another version breaks lines
# elsewhere), shell scripts, Python, and the walls that neither the build nor test_walls.py holds. A tool that is not here is
# passed over with a word, but not where CI=true.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 3
failed=0
complain() {
  printf 'style: %s\n' "$*"
  failed=1
}
# missing TOOL WHAT: without the tool, WHAT is not checked.
missing() {
  if [ "${CI:-}" = true ]; then
    complain "$1 is not here"
  else
    echo "style: $2 not checked, $1 is not here"
  fi
}
sources() { find include solver tests -name '*.[ch]pp' | sort; }
scripts() { find jobs tests .ci -type f | while read -r file; do head -n 1 "$file" | grep -q '^#!.*sh$' && echo "$file"; done; }
python() { find postprocess cases jobs tests -name '*.py' | sort; }

clang_format=$(command -v clang-format-14 || command -v clang-format || true)
if [ -n "$clang_format" ] && "$clang_format" --version | grep -q 'version 14\.'; then
  sources | xargs "$clang_format" --dry-run --Werror || complain "clang-format -i the files above"
else
  missing "clang-format 14" formatting
fi

if command -v shellcheck >/dev/null; then
  scripts | xargs shellcheck || complain "shellcheck"
else
  missing shellcheck scripts
fi

if command -v pycodestyle >/dev/null; then
  python | xargs pycodestyle --max-line-length=132 || complain "pycodestyle"
else
  missing pycodestyle "layout of Python"
fi
if command -v pyflakes3 >/dev/null; then
  python | xargs pyflakes3 || complain "pyflakes3"
else
  missing pyflakes3 "names in Python"
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
# The headers of PETSc and HDF5 are found in the wings alone that name them; those of these two lie where every compiler looks.
only_in '#include <toml' '(solver|include/haloscope)/settings/.*' "TOML stays in the wing of settings"
only_in '#include <hwloc' 'solver/machine/.*' "hwloc stays in the wing of the machine"
# child.cpp runs before MPI.
only_in 'std::chrono|clock_gettime|gettimeofday|std::clock\b' 'solver/(interconnect/.*|launch/child\.cpp)|tests/.*' \
  "one clock: MPI_Wtime"
without_licence=$(sources | xargs grep -L 'SPDX-License-Identifier: BSD-3-Clause')
if [ -n "$without_licence" ]; then complain "no SPDX line in" "$without_licence"; fi

if [ $failed -eq 0 ]; then echo "style: ok"; fi
exit $failed
