#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Stands in for sbatch, squeue and scontrol, by the name it is called. It has one node, and runs one job of a name at a time.
Files in $FAKE_SLURM say what goes wrong:
  hold      nothing starts
  down      the controller does not answer
  refuse    sbatch refuses with this text: all:TEXT every job, n=2:TEXT jobs of 2 tasks
  walltime  seconds until the warning and until the end of a job
  requeue   the next job is killed when it has begun, and started again"""
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(os.environ["FAKE_SLURM"])


def record(job, **changes):
    path = HOME / f"{job}.json"
    state = {**(json.loads(path.read_text()) if path.exists() else {}), **changes}
    Path(f"{path}.new").write_text(json.dumps(state))
    os.replace(f"{path}.new", path)
    return state


def jobs():
    return {int(path.stem): json.loads(path.read_text()) for path in HOME.glob("*.json")}


def option(script, name):
    found = re.search(rf"^#SBATCH --{name}=(.*)$", Path(script).read_text(), re.M)
    return found.group(1) if found else ""


def sbatch(script):
    refuse = HOME / "refuse"
    if refuse.exists():
        tasks, _, text = refuse.read_text().partition(":")
        if tasks in ("all", f"n={option(script, 'ntasks')}"):
            print(f"sbatch: error: {text}", file=sys.stderr)
            return 1
    job = max(jobs(), default=100) + 1
    record(job, script=script, name=option(script, "job-name"), state="PENDING")
    with open(os.devnull, "r+b") as nothing:
        subprocess.Popen([sys.executable, __file__, "work", str(job)], stdin=nothing, stdout=nothing, stderr=nothing,
                         start_new_session=True)
    print(f"{job};fake")
    return 0


def kill_all(session):
    """As Slurm, which tracks all processes of a job: also those that a launcher gave groups of their own."""
    while True:
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                words = stat.read_text().rpartition(")")[2].split()  # state, parent, group, session
            except OSError:
                continue  # it has just ended
            if int(words[3]) == session and words[0] not in "ZX":
                found.append(int(stat.parent.name))
        if not found:
            return
        for process in found:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.01)


def start(job, state, restarts):
    """The batch script in a session of its own. @return its end, and whether it was cut at its walltime"""
    environment = {**os.environ, "SLURM_JOB_ID": str(job), "SLURM_JOB_NODELIST": "node1", "SLURM_RESTART_COUNT": str(restarts)}
    with open(option(state["script"], "output"), "ab") as log, open(os.devnull, "rb") as nothing:
        shell = subprocess.Popen(["bash", state["script"]], stdin=nothing, stdout=log, stderr=log, env=environment,
                                 start_new_session=True)
    record(job, state="RUNNING", shell=shell.pid)
    deadlines = []
    requeue = HOME / "requeue"
    begun = Path(state["script"]).with_suffix(".started")
    begin = time.monotonic()
    while shell.poll() is None:
        passed = time.monotonic() - begin
        if not deadlines and (HOME / "walltime").exists():
            deadlines = [float(word) for word in (HOME / "walltime").read_text().split()]
        if requeue.exists() and begun.exists():
            requeue.unlink()
            kill_all(shell.pid)
            shell.wait()
            return None, False
        if deadlines and passed > deadlines[0]:
            os.kill(shell.pid, signal.SIGUSR1)
            deadlines[0] = float("inf")
        if len(deadlines) > 1 and passed > deadlines[1]:
            kill_all(shell.pid)
            shell.wait()
            return shell.returncode, True
        time.sleep(0.05)
    return shell.returncode, False


def work(job):
    state = record(job)
    while (HOME / "hold").exists() or any(other < job and one["name"] == state["name"] and one["state"] in ("PENDING", "RUNNING")
                                          for other, one in jobs().items()):
        time.sleep(0.05)
    code, cut = start(job, state, 0)
    if code is None:
        record(job, state="PENDING")
        code, cut = start(job, state, 1)
    record(job, state="TIMEOUT" if cut else "COMPLETED" if code == 0 else "CANCELLED" if code < 0 else "FAILED")
    return 0


def squeue():
    if (HOME / "down").exists():
        (HOME / "unanswered").touch()
        print("slurm_load_jobs error: Unable to contact slurm controller (connect failure)", file=sys.stderr)
        return 1
    for job, one in sorted(jobs().items()):
        if one["state"] in ("PENDING", "RUNNING"):
            print(f"{job}|{one['state']}|{'Dependency' if one['state'] == 'PENDING' else 'None'}|{one['script']}")
    return 0


def scontrol(words):
    if words[:2] == ["show", "hostnames"]:
        print(words[2])
    else:
        one = jobs().get(int(words[-1]))
        if one is None:
            return 1
        print(f"JobId={words[-1]} JobName={one['name']} JobState={one['state']} Reason=None")
    return 0


def main():
    name, words = Path(sys.argv[0]).name, sys.argv[1:]
    if words[:1] == ["work"]:
        return work(int(words[1]))
    if name == "sbatch":
        return sbatch(words[-1])
    if name == "squeue":
        return squeue()
    return scontrol(words)


if __name__ == "__main__":
    sys.exit(main())
