#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: tests/bench/smpi/compare.sh [BUILD]
#
# The same programs on the same network, in virtual time under haloscope and under SimGrid's SMPI (Debian: libsimgrid-dev), side by
# side. Both count communication alone: computing takes no time in either.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${1:-$here/../../../build/release}
command -v smpicc >/dev/null || { echo "compare: SimGrid is not here (libsimgrid-dev)" >&2; exit 2; }
[ -x "$build/haloscope" ] || { echo "compare: $build/haloscope is not there" >&2; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mpicc -O2 "$here/pattern.c" -o "$scratch/pattern"
smpicc -O2 "$here/pattern.c" -o "$scratch/pattern-smpi"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
for ((i = 0; i < 64; ++i)); do echo "node$i"; done >"$scratch/hosts"

ours() {
  local ranks=$1
  shift
  "$build/haloscope" under --network "$here/network.toml" --compute announced -- \
    mpirun --oversubscribe --bind-to none -n "$ranks" "$scratch/pattern" "$@" 2>/dev/null
}
# CM02 takes latency and bandwidth as they stand, without the factors that SMPI's own model fits to a Gigabit Ethernet.
smpi() {
  local ranks=$1
  shift
  smpirun -np "$ranks" -platform "$here/platform.xml" -hostfile "$scratch/hosts" \
    --cfg=smpi/simulate-computation:no --cfg=network/model:CM02 --cfg=network/crosstraffic:0 --cfg=smpi/wtime:0 \
    --cfg=smpi/send-is-detached-thresh:1000000000 --cfg=smpi/allreduce:rdb --log=root.thres:critical \
    "$scratch/pattern-smpi" "$@" 2>/dev/null
}

printf '%-20s %5s %14s %14s %8s\n' pattern ranks 'haloscope [us]' 'SMPI [us]' ratio
compare() {
  local ranks=$1 mine theirs
  shift
  mine=$(ours "$ranks" "$@")
  theirs=$(smpi "$ranks" "$@")
  printf '%-20s %5d %14s %14s %8s\n' "$*" "$ranks" "$mine" "$theirs" "$(awk "BEGIN { printf \"%.3f\", $mine / $theirs }")"
}
for bytes in 1 1024 65536 1048576; do compare 2 ping-pong "$bytes"; done
for ranks in 4 8 16 32 64; do compare "$ranks" allreduce 1; done
for ranks in 4 8 16 27 64; do compare "$ranks" halo-cg 32; done
