# SPDX-License-Identifier: BSD-3-Clause
"""Studies through a real Slurm: MPI over TCP between nodes, a run that is killed, a walltime, a drained node, a lost node, and a
study that is killed itself."""
import json
import re
import subprocess
import time
from pathlib import Path

import h5py

from haloscope_program import CUBE, PROGRAM, Checks
from slurm_lab import SlurmLab

STUDY = """
[about]
name = "NAME"
question = "Does it come back from a cluster?"
[run]
case = "CASE.toml"
ranks = RANKS
repeats = 1
time_limit_s = LIMIT
"""
SITE = """
[slurm]
poll_seconds = 0.5
ranks_per_node = 1
signal_seconds = 10
sbatch = SBATCH
[job]
environment = ["OMP_NUM_THREADS=1"]
launch = "LAUNCH"
"""
SRUN = "srun --mpi=pmix --cpu-bind=none --distribution=block:block --kill-on-bad-exit=1"
MPIRUN = "mpirun -n @RANKS@ --map-by ppr:@RANKS_PER_NODE@:node"


def write(name, ranks, case="short", limit=180, launch=SRUN, sbatch=()):
    """A study and its site; gives the words that do it."""
    text = STUDY.replace("NAME", name).replace("CASE", case).replace("RANKS", str(ranks)).replace("LIMIT", str(limit))
    Path(f"{name}.toml").write_text(text)
    Path(f"{name}-site.toml").write_text(SITE.replace("LAUNCH", launch).replace("SBATCH", json.dumps(list(sbatch))))
    return [PROGRAM, "study", f"{name}.toml", "--output", name, "--launcher", "slurm", "--site", f"{name}-site.toml"]


def runs(folder):
    path = Path(folder) / "manifest.json"
    return json.loads(path.read_text())["runs"] if path.exists() else []


def states(folder):
    return [entry["state"] for entry in runs(folder)]


def wait_for(condition, what, timeout=60):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"never: {what}")
        time.sleep(0.1)


def start(lab, command):
    return subprocess.Popen(command, env=lab.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def attribute(file, name):
    value = file.attrs[name]
    return value.decode() if isinstance(value, bytes) else value


def check_end_to_end(check, lab, name, launch):
    """Native MPI on one, two and three nodes."""
    status, out, err = lab.run(write(name, [1, 2, 3], launch=launch), timeout=240)
    check.equal((status, out), (0, f"{Path(name).resolve()}\n"), f"{name}: {err!r}")
    check.equal(len(re.findall(r"\] done ", err)), 3, f"{name}: a line a run: {err!r}")
    for entry in runs(name):
        check.equal((entry["state"], len(entry["hosts"])), ("done", entry["ranks"]), f"{name}: {entry}")
        check.equal(lab.job(entry["job"])["JobState"], "COMPLETED", f"{name}: Slurm agrees")
        with h5py.File(Path(name) / entry["file"]) as file:
            where = sorted({host.decode() for host in file["ranks/host"][:]})
            check.equal((where, int(file.attrs["nodes"])), (sorted(entry["hosts"]), entry["ranks"]), f"{name}: a rank a node")
            check.equal((attribute(file, "clock"), int(file.attrs["valid"])), ("native", 1), f"{name}: a real network")
            if entry["ranks"] > 1:
                check(int(file["timing/bytes"][1:].sum()) > 0, f"{name}: the ranks spoke")


def check_killed_run(check, lab):
    command = write("killed", [2], case="long")
    with start(lab, command) as job:
        wait_for(lambda: states("killed") == ["running"] and list(Path("killed/runs").glob("*.h5")), "the run")
        lab.must("scancel", "--signal=KILL", f"{runs('killed')[0]['job']}.0")
        _, err = job.communicate(timeout=60)
    check.equal((job.returncode, states("killed")), (4, ["failed"]), f"a killed run: {err!r}")
    check("exit code 137" in runs("killed")[0]["reason"] or "exit code 9" in runs("killed")[0]["reason"], f"{runs('killed')[0]['reason']!r}")
    check(list(Path("killed/runs").glob("*.h5")), "what it had measured is there")
    Path("killed-site.toml").write_text(SITE.replace("LAUNCH", "true").replace("SBATCH", '["--no-such-option"]'))
    status, _, err = lab.run([*command, "--resume"])
    check.equal((status, len(err.splitlines())), (3, 1), f"sbatch refuses: {err!r}")
    check(err.startswith("haloscope: sbatch refused the run: sbatch: unrecognized option '--no-such-option'"), f"sbatch refuses: {err!r}")
    check(list(Path("killed/runs").glob("*.h5.attempt-1")), "and what was measured is still there")


def check_walltime(check, lab, name, launch, job):
    _, err = job.communicate(timeout=200)
    check.equal((job.returncode, states(name)), (4, ["invalid"]), f"{name}: a walltime: {err!r}")
    entry = runs(name)[0]
    with h5py.File(Path(name) / entry["file"]) as file:
        done = int(file.attrs["steps_completed"])
        check(done > 0 and bool((file["timing/step_seconds"][:done] > 0).all()), f"{name}: {done} steps, all there")
        check.equal(attribute(file, "ended_early"), f"stopped by SIGUSR1 after {done} of 1000000 steps", f"{name}: marked short by {launch}")
    check.equal(entry["reason"], f"stopped by SIGUSR1 after {done} of 1000000 steps", f"{name}: the reason")


def check_drained_node(check, lab):
    """While a node is drained the job waits; the study is killed; once the node is back, --resume picks the job up by its number."""
    lab.scontrol("update", "nodename=lab2", "state=drain", "reason=a test")
    command = write("drained", [3])
    with start(lab, command) as job:
        wait_for(lambda: [entry["job"] for entry in runs("drained")] not in ([], [""]), "the job")
        time.sleep(2)
        check.equal(states("drained"), ["submitted"], "a job that needs the drained node waits")
        job.kill()
        job.communicate(timeout=30)
    number = runs("drained")[0]["job"]
    check.equal(lab.state(number), "PENDING", "the job does not need its study")
    lab.scontrol("update", "nodename=lab2", "state=resume")
    status, _, err = lab.run([*command, "--resume"], timeout=120)
    check.equal((status, states("drained"), runs("drained")[0]["job"]), (0, ["done"], number), f"--resume: {err!r}")


def check_lost_node(check, lab):
    """Slurm starts the job again where its node comes back: same number, nothing overwritten."""
    command = write("lost", [1], case="middle", sbatch=["--nodelist=lab1"])
    with start(lab, command) as job:
        wait_for(lambda: states("lost") == ["running"] and list(Path("lost/runs").glob("*.h5")), "the run")
        number = runs("lost")[0]["job"]
        lab.scontrol("update", "nodename=lab1", "state=down", "reason=a test")
        lab.wait(number, {"PENDING"})
        lab.scontrol("update", "nodename=lab1", "state=resume")
        _, err = job.communicate(timeout=180)
    check.equal((job.returncode, states("lost"), runs("lost")[0]["job"]), (0, ["done"], number), f"a lost node: {err!r}")
    check.equal(lab.job(number)["Restarts"], "1", "started again by Slurm")
    check(list(Path("lost/runs").glob("*.h5.before-restart-1")), f"kept aside: {sorted(path.name for path in Path('lost/runs').iterdir())}")


def main():
    check = Checks()
    with SlurmLab(nodes=3) as lab:
        Path("short.toml").write_text(CUBE.replace("steps = 5", "steps = 20"))
        Path("middle.toml").write_text(CUBE.replace("steps = 5", "steps = 30000").replace("[16, 16, 16]", "[8, 8, 8]"))
        Path("long.toml").write_text(CUBE.replace("steps = 5", "steps = 1000000").replace("[16, 16, 16]", "[8, 8, 8]"))
        check_end_to_end(check, lab, "native", SRUN)
        check_end_to_end(check, lab, "by_mpirun", MPIRUN)
        check_killed_run(check, lab)
        # Walltimes are whole minutes and looked at twice a minute: both studies wait at once, on nodes of their own.
        cuts = {name: (launch, start(lab, write(name, [1], case="long", limit=60, launch=launch, sbatch=[f"--nodelist={node}"])))
                for name, launch, node in (("cut_srun", SRUN, "lab1"), ("cut_mpirun", MPIRUN, "lab2"))}
        for name, (launch, job) in cuts.items():
            check_walltime(check, lab, name, launch, job)
        check_drained_node(check, lab)
        check_lost_node(check, lab)
    check.end()


main()
