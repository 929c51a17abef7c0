#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: unshare --net --uts --ipc --mount tests/lab/node.sh HOST   (lab.sh does this, once for each node)
#
# Makes the namespaces it is started in a node of the lab: a host name, a host file, its own /tmp and /dev/shm (Open MPI and
# PMIx keep one folder a node there), a /sys that shows its own network devices, and Open MPI told which network to use. Then it
# says its process number in STATE/HOST/pid and sleeps; who enters the namespaces of that process is on the node.
set -euo pipefail
host=$1
: "${STATE:?}" "${MARK:?}" "${SHARE:=}"
own=$STATE/$host

hostname "$host"
mkdir -p "$own/stage" "$own/spool"

# The name of this file system marks every process of the lab: lab.sh finds them by /proc/*/mountinfo.
mount -t tmpfs -o mode=1777 "$MARK" "$own/stage"
# What of /tmp all nodes must see, as they see the rest of the file system.
while read -r folder; do
  if [ -n "$folder" ]; then
    mkdir -p "$own/stage/${folder#/tmp/}"
    mount --bind "$folder" "$own/stage/${folder#/tmp/}"
  fi
done <<<"$SHARE"
mount --move "$own/stage" /tmp
mount -t tmpfs -o mode=1777 "$MARK" /dev/shm

# A sysfs mounted here shows the network devices of this node; cgroups stay as they were. Not every container allows it.
mkdir -p "$own/cgroup"
if mount --rbind /sys/fs/cgroup "$own/cgroup" 2>/dev/null; then
  if mount -t sysfs -o ro sysfs /sys 2>/dev/null; then
    mount --move "$own/cgroup" /sys/fs/cgroup 2>/dev/null || true
  else
    umount -l "$own/cgroup"
  fi
fi

mount --bind "$STATE/hosts" /etc/hosts
if [ -e /etc/openmpi/openmpi-mca-params.conf ]; then
  mount --bind "$STATE/openmpi-mca-params.conf" /etc/openmpi/openmpi-mca-params.conf
fi

echo $$ >"$own/pid.new"
mv "$own/pid.new" "$own/pid"
exec sleep infinity
