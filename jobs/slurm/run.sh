#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# One run of a study as a job of Slurm. `haloscope study --launcher slurm` puts in the words between two @, writes the result
# beside the run's file and submits it. A line whose word has several values is repeated; a line whose word has none is left out.
# The needs of a site go into jobs/sites/*.toml; this file is for what no key covers.
#
# The study learns from files alone: RUN.started when the job begins, RUN.exit when it ends. Neither is ever half written.
#SBATCH --job-name=@JOB_NAME@
#SBATCH --output=@LOG@
#SBATCH --open-mode=append
#SBATCH --time=@MINUTES@
#SBATCH --signal=@SIGNAL@
#SBATCH --nodes=@NODES@
#SBATCH --ntasks=@RANKS@
#SBATCH --ntasks-per-node=@RANKS_PER_NODE@
#SBATCH @SBATCH@
set -u
run=@RUN@

# note ENDING LINES…
note() {
  printf '%s\n' "${@:2}" >"$run.$1.new" && mv "$run.$1.new" "$run.$1"
}

# put_aside ENDING…
put_aside() {
  local ending aside
  for ending in "$@"; do
    if [ ! -e "$run.$ending" ]; then continue; fi
    aside=$run.$ending.before-restart-${SLURM_RESTART_COUNT:-0}
    while [ -e "$aside" ]; do aside=$aside+; done
    mv "$run.$ending" "$aside"
  done
}

# Slurm may start a job again (--requeue). Nothing is done twice, nothing measured is overwritten.
if grep -qx code=0 "$run.exit" 2>/dev/null; then exit 0; fi
put_aside h5 h5.part exit started

hosts=$(scontrol show hostnames "${SLURM_JOB_NODELIST:-$(hostname)}" 2>/dev/null | paste -sd,)
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
began=$(date +%s.%N)
note started "job=$SLURM_JOB_ID" "hosts=$hosts" "started=$started"

module load @MODULE@
export @ENVIRONMENT@
@BEFORE@

# Slurm warns this shell (--signal=B:) before the walltime; the launcher hands the signal on to the ranks, which end after
# their step and leave a file that says so.
child=
trap 'kill -USR1 "$child" 2>/dev/null' USR1
trap 'kill -TERM "$child" 2>/dev/null' TERM
launch() {
  @COMMAND@ &
  child=$!
  while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break  # else it was the signal that ended the wait
  done
  if [ "$code" -gt 128 ]; then  # or both came at once
    wait "$child"
    again=$?
    if [ "$again" -ne 127 ]; then code=$again; fi
  fi
}
launch
# Ranks of the earlier start may outlive it for a while and make the file after this start looked for it. The program refuses to
# touch that file, which is theirs. So put it aside and launch again.
if [ "$code" -eq 2 ] && [ -e "$run.h5" ] && [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
  put_aside h5
  launch
fi

# srun may return 0 for ranks that Slurm itself has ended, as on a lost node: the file says whether the run is done.
if [ "$code" -eq 0 ] && ! @PROGRAM@ show "$run.h5" 2>/dev/null | grep -qx '  VALID'; then code=1; fi

seconds=$(date +%s.%N | awk -v began="$began" '{ printf "%.3f", $1 - began }')
note exit "code=$code" "job=$SLURM_JOB_ID" "hosts=$hosts" "started=$started" "seconds=$seconds"
exit "$code"
