#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: jobs/demo.sh
#
# From a fresh Debian to results: sets up, builds, runs a lid-driven cavity and a Taylor-Green vortex on 1 and 2 ranks, and
# prints what a second rank brings. Then a short study asks how far a flow solver scales on five measured interconnects, RDMA
# and virtualised TCP, on 1 to 32 ranks in virtual time, and ends in a report. After the build it takes three minutes on two
# cores. Results go to a new folder results/demo-DATE.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"$root/jobs/setup.sh" release
cd "$root"
# Where there is nothing to do, ninja says so in a line that nobody needs.
cmake --build --preset release --target haloscope -j "$(nproc)" | { grep -v 'no work to do' || true; }

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Threads of the linear algebra library would compete with the ranks.
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1

# launch RANKS COMMAND…: one rank a core where there are cores enough; else the ranks take turns and yield while they wait.
cores=$(lscpu -p=CORE,SOCKET 2>/dev/null | grep -v '^#' | sort -u | wc -l)
allowed=$(env -u OMP_NUM_THREADS nproc)  # which would else say OMP_NUM_THREADS
launch() {
  local ranks=$1
  shift
  if [ "$ranks" -le "$cores" ] && [ "$ranks" -le "$allowed" ]; then
    mpirun -n "$ranks" --bind-to core "$@"
  else
    mpirun -n "$ranks" --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 "$@"
  fi
}

python=/usr/bin/python3
"$python" -c 'import h5py' 2>/dev/null || python=python3

# A folder of its own a run: the date, and a number where that minute already has one.
base=$root/results/demo-$(date +%Y-%m-%d-%H%M)
results=$base
for ((n = 2; ; ++n)); do
  mkdir -p "$root/results"
  if mkdir "$results" 2>/dev/null; then break; fi
  [ -d "$results" ] || { echo "haloscope: $results cannot be made" >&2 && exit 2; }
  results=$base-$n
done

for case in cavity taylor_green; do
  for ranks in 1 2; do
    printf '\n===== %s, ranks: %d =====\n' "$case" "$ranks"
    launch "$ranks" build/release/haloscope run "cases/$case.toml" --output "$results/$case-$ranks.h5"
  done
done

for case in cavity taylor_green; do
  printf '\n===== strong scaling of %s =====\n' "$case"
  "$python" postprocess scaling "$results/$case"-?.h5
done

printf '\n===== strong scaling on five networks, in virtual time =====\n'
build/release/haloscope study rdma_vs_virtualized_short --output "$results/study"
printf '\nEvery step of every rank is in %s/*.h5 and %s/study/runs.\n' "$results" "$results"
printf 'The curves are drawn in %s/study/figures/scaling.png. The report, with all that lies behind them:\n\n' "$results"
HALOSCOPE_PYTHON=$python build/release/haloscope report "$results/study"
