#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: tests/bench/run.sh [--quick] [--ranks N] [--output FILE] [poisson|kernels|halo|record|weak|transport|fidelity]…
#
# Builds and runs the benchmarks, those named or all but fidelity, and prints one report, kept in FILE too. --quick: small
# sizes and few repeats, to see that they work; targets are then not judged. Ranks (2) are bound to cores; run on a quiet
# machine. Exits 4 when a target is missed. What each row counts: tests/bench/README.md.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
quick=false
ranks=2
output=
wanted=()
die() {
  printf '%s\n' "$*" >&2
  exit 2
}
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=true ;;
    --ranks) ranks=${2:?a number must follow --ranks} && shift ;;
    --output) output=${2:?a file must follow --output} && shift ;;
    poisson | kernels | halo | record | weak | transport | fidelity) wanted+=("$1") ;;
    -h | --help) sed -n '3,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) die "tests/bench/run.sh: $1: must be --quick, --ranks, --output, poisson, kernels, halo, record, weak, transport or fidelity" ;;
  esac
  shift
done
if [ ${#wanted[@]} -eq 0 ]; then wanted=(kernels halo record weak transport poisson); fi
case $ranks in '' | *[!0-9]* | 0) die "tests/bench/run.sh: --ranks: $ranks: must be a number of ranks" ;; esac
case $output in /* | '') ;; *) output=$PWD/$output ;; esac

"$root/jobs/setup.sh" release
cd "$root"
cmake --preset release -DHALOSCOPE_BENCH=ON >build/configure-bench.log
cmake --build --preset release --target bench_poisson bench_kernels bench_halo bench_record bench_record_bare bench_weak bench_transport haloscope >&2
bench=$root/build/release/tests/bench
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OPENBLAS_NUM_THREADS=1
launch() {
  local program=$1
  shift
  if [ "$ranks" -le "$(nproc)" ]; then
    mpirun --bind-to core -n "$ranks" "$bench/$program" "$@"
  else
    mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 -n "$ranks" "$bench/$program" "$@"
  fi
}

# row PROGRAM FULL-ARGUMENTS -- QUICK-ARGUMENTS: a failure is remembered, the others run on.
row() {
  local program=$1 full=() short=()
  shift
  while [ "$1" != -- ]; do full+=("$1") && shift; done
  shift
  short=("$@" --quick)
  printf '\n== %s\n' "$program"
  if $quick; then full=("${short[@]}"); fi
  launch "$program" "${full[@]}" || failed=4
}

# Recorded steps on top of the library against plain steps of a program without it, run in turn: what bench_record cannot
# see in one process is what the library costs when it only passes calls through. Coarser, since runs differ among themselves.
record_against_bare() {
  local arguments=(--block 1000 --repeats 5 --quick) pairs=7 recorded plain
  if $quick; then arguments=(--block 20 --repeats 3 --quick) pairs=2; fi
  mean() { sed -n "s/^$1 *\([0-9.]*\) (.*/\1/p"; }
  printf '\nrecorded, with the library, over plain, without it; %d pairs of runs:' "$pairs"
  for ((pair = 0; pair < pairs; ++pair)); do
    recorded=$(launch bench_record --only recorded --output "$scratch/recorded.h5" "${arguments[@]}" | mean recorded)
    plain=$(launch bench_record_bare --only plain --output "$scratch/plain.h5" "${arguments[@]}" | mean plain)
    awk -v r="$recorded" -v p="$plain" 'BEGIN { printf " %.3f", r / p }'
  done
  printf '\n'
}

report() {
  for name in "${wanted[@]}"; do
    case $name in
      kernels)
        row bench_kernels -- --box 64 64 32 --triad-mib 16 --repeats 3
        row bench_kernels --box 256 256 128 -- --box 32 32 32 --triad-mib 16 --repeats 3
        ;;
      halo) row bench_halo -- --edges 8 --exchanges 50 --repeats 3 --triad-mib 16 ;;
      record)
        row bench_record --output "$scratch/record.h5" -- --output "$scratch/record.h5" --block 20 --repeats 3
        record_against_bare
        ;;
      fidelity)
        if $quick; then
          tests/bench/fidelity/measure.py --quick --ranks "$ranks" || failed=4
        else
          tests/bench/fidelity/measure.py --ranks "$ranks" || failed=4
        fi
        ;;
      weak) row bench_weak -- --cells 24 --repeats 3 --triad-mib 16 ;;
      transport) row bench_transport -- --particles 2000 --repeats 3 ;;
      poisson)
        row bench_poisson -- --sizes 16 32 --repeats 3 --triad-mib 16
        row bench_poisson --sizes 128 --walls -- --sizes 16 --walls --repeats 3 --triad-mib 16
        ;;
    esac
  done
  printf '\n%s\n' "$([ $failed -eq 0 ] && echo 'every target that was judged is met' || echo 'a target is missed or a result wrong')"
  return $failed
}

if [ -n "$output" ]; then
  report 2>&1 | tee "$output"
else
  report
fi
