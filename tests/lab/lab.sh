#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: tests/lab/lab.sh up [--nodes N] [--cores N] [--share DIR]… [--guard]
#        tests/lab/lab.sh down
#        tests/lab/lab.sh status                      exits 1 where no lab is up
#        tests/lab/lab.sh env                         source <(tests/lab/lab.sh env)
#        tests/lab/lab.sh run [--node NAME] COMMAND…  where jobs are submitted, or on a node
#
# A Slurm cluster on one machine: N nodes (2) of so many cores (2), each in namespaces of its own, joined by a bridge; on `head`
# munge and slurmctld, on `lab1`, `lab2`, … one slurmd each. Needs root. README.md says what it can and cannot do.
# --share makes a folder below /tmp the same on all nodes, which have their own /tmp; --guard takes the lab down when standard
# input ends. HALOSCOPE_LAB=NAME names the lab (lab), for several at once.
# Exits 2 for wrong use, 3 where something failed, 77 (with one line) where this machine cannot have a lab.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
lab=${HALOSCOPE_LAB:-lab}
all_labs=/var/lib/haloscope-lab
state=$all_labs/$lab
mark=haloscope-lab-$lab
leg=hl-$lab  # the network device by which the machine itself is in the lab's network

say() { printf 'lab: %s\n' "$*" >&2; }
wrong() { say "$*" && exit 2; }
cannot() { say "$*" && exit 77; }

# --- what is there -------------------------------------------------------------------------------------------------------

# Every process on a node: its namespaces hold a file system of the lab's name.
processes() { grep -ls " $mark " /proc/[0-9]*/mountinfo | cut -d / -f 3 || true; }
node_names() { sed -n 's/^NodeName=\([^ ]*\).*/\1/p' "$state/slurm.conf"; }
# on HOST COMMAND…
on() { nsenter --target "$(cat "$state/$1/pid")" --net --uts --ipc --mount -- "${@:2}"; }
is_up() { [ -e "$state/up" ] && [ "$(cat "$state/up")" = "$(cat /proc/sys/kernel/random/boot_id)" ] && slurm scontrol ping >/dev/null 2>&1; }
slurm() { SLURM_CONF=$state/slurm.conf "$@"; }

# One at a time, whatever tree or name they are of. The lock is on Slurm's own program: nothing is left behind.
lock() {
  exec 9<"$(command -v slurmctld)"
  flock 9
}

check_machine() {
  local program reason
  [ "$(id -u)" -eq 0 ] || cannot "needs root: namespaces and network devices are made"
  for program in slurmctld slurmd munged sbatch srun ip unshare nsenter; do
    command -v $program >/dev/null ||
      cannot "needs $program: apt-get install slurmctld slurmd slurm-client munge iproute2 util-linux"
  done
  reason=$(unshare --net --uts --ipc --mount sh -c "hostname lab && mount -t tmpfs x /tmp && ip link add name b type bridge &&
    ip link add name v type veth peer name w" 2>&1) || cannot "namespaces or network devices cannot be made here: ${reason%%$'\n'*}"
}

# --- down ----------------------------------------------------------------------------------------------------------------

# Everything that up made lives in the nodes' namespaces, so goes with their processes; but the folder and the device.
take_down() {
  local i pids
  for ((i = 0; i < 100; ++i)); do
    pids=$(processes)
    [ -n "$pids" ] || break
    # shellcheck disable=SC2086  # one argument a process
    kill -KILL $pids 2>/dev/null || true
    sleep 0.1
  done
  [ -z "$(processes)" ] || { say "these processes do not end: $(processes | xargs)" && exit 3; }
  for ((i = 0; i < 100; ++i)); do
    ip link show "$leg" >/dev/null 2>&1 || break
    ip link delete "$leg" 2>/dev/null || sleep 0.1
  done
  rm -rf --one-file-system "${state:?}"
  rmdir "$all_labs" 2>/dev/null || true
}

# --- up ------------------------------------------------------------------------------------------------------------------

# The first network of 198.18.0.0/15, which is set aside for benchmarks (RFC 2544), that this machine does not know.
free_subnet() {
  local k
  for ((k = 0; k < 256; ++k)); do
    if [ -z "$(ip -4 route show table all root "198.18.$k.0/24")" ]; then
      echo "198.18.$k"
      return
    fi
  done
  return 1
}

write_files() {
  local k names='' version
  mkdir -p "$state/log" "$state/munge" "$state/head"
  chmod 755 "$all_labs" "$state" "$state/munge"
  printf '127.0.0.1 localhost\n%s.254 head\n%s.253 login\n' "$subnet" "$subnet" >"$state/hosts"
  for ((k = 1; k <= nodes; ++k)); do
    printf '%s.%d lab%d\n' "$subnet" $k $k >>"$state/hosts"
    names+="NodeName=lab$k NodeAddr=$subnet.$k CPUs=$cores CoresPerSocket=$cores State=UNKNOWN\\n"
  done
  sed -e "s|@LAB@|$mark|; s|@STATE@|$state|; s|@HEAD@|$subnet.254|; s|@NODES@|$names|" "$here/slurm.conf.in" >"$state/slurm.conf"
  version=$(slurmctld -V)
  # Slurm looks for cgroups even where its settings have no use for them; since 23.11 it can be told not to.
  case ${version#* } in
    2[0-2].* | 23.02*) echo "CgroupPlugin=cgroup/v1" ;;
    *) echo "CgroupPlugin=disabled" ;;
  esac >"$state/cgroup.conf"
  # What an administrator would write for this network. Nodes share the machine's cores: a waiting rank lets others run, and
  # the first ranks of all nodes are not put on the same core.
  printf '%s = %s\n' pml ob1 btl self,vader,tcp btl_tcp_if_include "$subnet.0/24" oob_tcp_if_include "$subnet.0/24" \
    mpi_yield_when_idle 1 hwloc_base_binding_policy none >"$state/openmpi-mca-params.conf"
  (umask 077 && head -c 128 /dev/urandom >"$state/munge/key")
}

# enclose HOST…: namespaces for each, all at once.
enclose() {
  local host i
  for host in "$@"; do
    STATE=$state MARK=$mark SHARE=$share setsid unshare --net --uts --ipc --mount "$here/node.sh" "$host" \
      >"$state/log/$host.node" 2>&1 </dev/null 9>&- &
  done
  for host in "$@"; do
    for ((i = 0; i < 200; ++i)); do
      if [ -e "$state/$host/pid" ]; then continue 2; fi
      sleep 0.05
    done
    cat "$state/log/$host.node" >&2
    say "$host does not come up" && exit 3
  done
}

join_network() {
  local host
  on head ip link add name switch type bridge
  on head ip address add "$subnet.254/24" dev switch
  on head ip link set switch up
  on head ip link set lo up
  for host in $(node_names); do
    ip link add name "$host" netns "$(cat "$state/head/pid")" type veth peer name eth0 netns "$(cat "$state/$host/pid")"
    on head ip link set "$host" master switch up
    on "$host" ip link set lo up
    on "$host" ip address add "$subnet.${host#lab}/24" dev eth0
    on "$host" ip link set eth0 up
  done
  ip link add name "$leg" type veth peer name login netns "$(cat "$state/head/pid")"
  on head ip link set login master switch up
  ip address add "$subnet.253/24" dev "$leg"
  ip link set "$leg" up
}

# start HOST PROGRAM ARGUMENT…: in the background, its words in log/.
start() {
  local pid
  pid=$(cat "$state/$1/pid")
  SLURM_CONF=$state/slurm.conf setsid nsenter --target "$pid" --net --uts --ipc --mount -- "${@:2}" \
    >>"$state/log/$1.$2" 2>&1 </dev/null 9>&- &
}

wait_for() {
  local what=$1 i
  for ((i = 0; i < 300; ++i)); do
    if "${@:2}" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  tail -n 5 "$state"/log/* >&2
  say "$what in 30 s; the last words of its programs stand above" && exit 3
}
all_idle() { [ "$(slurm sinfo --noheader --Node --partition=batch --format='%T' | grep -cx idle)" -eq "$nodes" ]; }

bring_up() {
  local host began=$EPOCHREALTIME
  # From here on there is something to take away, whatever ends this script.
  trap 'status=$?; trap - EXIT; say "taking away what was made"; take_down; exit $((status == 0 ? 3 : status))' EXIT
  trap 'exit 3' INT TERM HUP
  subnet=$(free_subnet) || { say "all of 198.18.0.0/16 is in use" && exit 3; }
  write_files
  # shellcheck disable=SC2046  # one argument a node
  enclose head $(node_names)
  join_network
  start head munged --foreground --force --num-threads 2 --key-file "$state/munge/key" --socket "$state/munge/socket" \
    --pid-file "$state/munge/pid" --seed-file "$state/munge/seed" --log-file "$state/munge/log"
  wait_for "munge does not answer" munge --socket "$state/munge/socket" --no-input --output /dev/null
  start head slurmctld -D
  for host in $(node_names); do start "$host" slurmd -D; done
  wait_for "the controller does not answer" slurm scontrol ping
  wait_for "not all nodes are idle" all_idle
  cp /proc/sys/kernel/random/boot_id "$state/up"
  trap - EXIT INT TERM HUP
  say "$nodes nodes of $cores cores are up after $(bc_seconds "$began") s:  source <(${here}/lab.sh env)"
}
bc_seconds() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

up() {
  nodes=2 cores=2 share='' guard=false
  while [ $# -gt 0 ]; do
    case $1 in
      --nodes | --cores) [[ ${2:-} =~ ^[1-9][0-9]?$ ]] || wrong "$1: ${2:-nothing}: a number from 1 to 99" ;;&
      --share) [[ ${2:-} =~ ^/tmp/. && -d $2 ]] || wrong "$1: ${2:-nothing}: a folder below /tmp" ;;&
      --nodes) nodes=$2 && shift 2 ;;
      --cores) cores=$2 && shift 2 ;;
      --share) share+=$2$'\n' && shift 2 ;;
      --guard) guard=true && shift ;;
      *) wrong "$1: --nodes, --cores, --share or --guard" ;;
    esac
  done
  check_machine
  # A tree below /tmp would be nowhere on the nodes.
  local root=${here%/tests/lab}
  if [[ $root == /tmp/* ]]; then share+=$root$'\n'; fi
  lock
  if is_up; then
    if [ "$(node_names | wc -l)" -eq "$nodes" ] && grep -q "CPUs=$cores " "$state/slurm.conf"; then
      say "is up already"
    else
      wrong "another one is up: tests/lab/lab.sh down"
    fi
  else
    take_down
    bring_up
  fi
  if $guard; then
    setsid "$here/lab.sh" guard <&0 >/dev/null 2>&1 9>&- &
    echo $! >"$state/guard"
  fi
}

# --- the rest ------------------------------------------------------------------------------------------------------------

[[ $lab =~ ^[a-z][a-z0-9]{0,9}$ ]] || wrong "HALOSCOPE_LAB: $lab: up to ten small letters and digits"
command=${1:-}
[ $# -eq 0 ] || shift
case $command in
  up) up "$@" ;;
  down)
    [ "$(id -u)" -eq 0 ] || cannot "needs root"
    ! command -v slurmctld >/dev/null || lock
    take_down
    ;;
  guard)
    cat >/dev/null || true
    lock
    # Another lab of this name has its own guard.
    if [ "$(cat "$state/guard" 2>/dev/null)" = $$ ]; then take_down; fi
    ;;
  env)
    is_up || { say "is not up" && exit 1; }
    printf 'export SLURM_CONF=%s OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OPENBLAS_NUM_THREADS=1\n' "$state/slurm.conf"
    ;;
  status)
    is_up || { say "is not up" && exit 1; }
    slurm sinfo --Node --format='%8N %8P %10T %4c %20E'
    slurm squeue
    ;;
  run)
    is_up || { say "is not up" && exit 1; }
    # shellcheck disable=SC1090
    source <("$here/lab.sh" env)
    if [ "${1:-}" = --node ]; then
      [ -e "$state/${2:-}/pid" ] || wrong "--node: ${2:-nothing}: head $(node_names | xargs)"
      on "$2" "${@:3}"
    else
      exec "$@"
    fi
    ;;
  *) sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$here/lab.sh" >&2 && exit 2 ;;
esac
