# SPDX-License-Identifier: BSD-3-Clause
"""Studies through a real Slurm: MPI over TCP between nodes, a run that is killed, a walltime, a drained node, a lost node, and a
study that is killed itself."""
import json
import re
import subprocess
import time
from pathlib import Path

import h5py

from haloscope_program import CUBE, PROGRAM, main
from slurm_lab import LabTest

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


class StudySlurm(LabTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Path("short.toml").write_text(CUBE.replace("steps = 5", "steps = 20"))
        Path("middle.toml").write_text(CUBE.replace("steps = 5", "steps = 30000").replace("[16, 16, 16]", "[8, 8, 8]"))
        Path("long.toml").write_text(CUBE.replace("steps = 5", "steps = 1000000").replace("[16, 16, 16]", "[8, 8, 8]"))

    def test_end_to_end_by_srun(self):
        self.check_end_to_end("native", SRUN)

    def test_end_to_end_by_mpirun(self):
        self.check_end_to_end("by_mpirun", MPIRUN)

    def check_end_to_end(self, name, launch):
        """Native MPI on one, two and three nodes."""
        status, out, err = self.lab.run(write(name, [1, 2, 3], launch=launch), timeout=240)
        self.assertEqual((status, out), (0, f"{Path(name).resolve()}\n"), f"{name}: {err!r}")
        self.assertEqual(len(re.findall(r"\] done ", err)), 3, f"{name}: a line a run: {err!r}")
        for entry in runs(name):
            self.assertEqual((entry["state"], len(entry["hosts"])), ("done", entry["ranks"]), f"{name}: {entry}")
            self.assertEqual(self.lab.job(entry["job"])["JobState"], "COMPLETED", f"{name}: Slurm agrees")
            with h5py.File(Path(name) / entry["file"]) as file:
                where = sorted({host.decode() for host in file["ranks/host"][:]})
                self.assertEqual((where, int(file.attrs["nodes"])), (sorted(entry["hosts"]), entry["ranks"]),
                                 f"{name}: a rank a node")
                self.assertEqual((attribute(file, "clock"), int(file.attrs["valid"])), ("native", 1), f"{name}: a real network")
                if entry["ranks"] > 1:
                    self.assertTrue(int(file["timing/bytes"][1:].sum()) > 0, f"{name}: the ranks spoke")

    def test_killed_run(self):
        command = write("killed", [2], case="long")
        with start(self.lab, command) as job:
            wait_for(lambda: states("killed") == ["running"] and list(Path("killed/runs").glob("*.h5")), "the run")
            self.lab.must("scancel", "--signal=KILL", f"{runs('killed')[0]['job']}.0")
            _, err = job.communicate(timeout=60)
        self.assertEqual((job.returncode, states("killed")), (4, ["failed"]), f"a killed run: {err!r}")
        self.assertTrue("exit code 137" in runs("killed")[0]["reason"] or "exit code 9" in runs("killed")[0]["reason"],
                        f"{runs('killed')[0]['reason']!r}")
        self.assertTrue(list(Path("killed/runs").glob("*.h5")), "what it had measured is there")
        Path("killed-site.toml").write_text(SITE.replace("LAUNCH", "true").replace("SBATCH", '["--no-such-option"]'))
        status, _, err = self.lab.run([*command, "--resume"])
        self.assertEqual((status, len(err.splitlines())), (3, 1), f"sbatch refuses: {err!r}")
        self.assertTrue(err.startswith("haloscope: sbatch refused the run: sbatch: unrecognized option '--no-such-option'"),
                        f"sbatch refuses: {err!r}")
        self.assertTrue(list(Path("killed/runs").glob("*.h5.attempt-1")), "and what was measured is still there")

    def test_walltime(self):
        # Walltimes are whole minutes and looked at twice a minute: both studies wait at once, on nodes of their own.
        cuts = [(name, launch,
                 start(self.lab, write(name, [1], case="long", limit=60, launch=launch, sbatch=[f"--nodelist={node}"])))
                for name, launch, node in (("cut_srun", SRUN, "lab1"), ("cut_mpirun", MPIRUN, "lab2"))]
        for cut in cuts:
            with self.subTest(cut[0]):
                self.check_walltime(*cut)

    def check_walltime(self, name, launch, job):
        _, err = job.communicate(timeout=200)
        self.assertEqual((job.returncode, states(name)), (4, ["invalid"]), f"{name}: a walltime: {err!r}")
        entry = runs(name)[0]
        with h5py.File(Path(name) / entry["file"]) as file:
            done = int(file.attrs["steps_completed"])
            self.assertTrue(done > 0 and bool((file["timing/step_seconds"][:done] > 0).all()), f"{name}: {done} steps, all there")
            self.assertEqual(attribute(file, "ended_early"), f"stopped by SIGUSR1 after {done} of 1000000 steps",
                             f"{name}: marked short by {launch}")
        self.assertEqual(entry["reason"], f"stopped by SIGUSR1 after {done} of 1000000 steps", f"{name}: the reason")

    def test_drained_node(self):
        """While a node is drained the job waits, and the study is killed. Once the node is back, --resume finds the job by its
        number."""
        self.lab.scontrol("update", "nodename=lab2", "state=drain", "reason=a test")
        command = write("drained", [3])
        with start(self.lab, command) as job:
            wait_for(lambda: [entry["job"] for entry in runs("drained")] not in ([], [""]), "the job")
            time.sleep(2)
            self.assertEqual(states("drained"), ["submitted"], "a job that needs the drained node waits")
            job.kill()
            job.communicate(timeout=30)
        number = runs("drained")[0]["job"]
        self.assertEqual(self.lab.state(number), "PENDING", "the job does not need its study")
        self.lab.scontrol("update", "nodename=lab2", "state=resume")
        status, _, err = self.lab.run([*command, "--resume"], timeout=120)
        self.assertEqual((status, states("drained"), runs("drained")[0]["job"]), (0, ["done"], number), f"--resume: {err!r}")

    def test_lost_node(self):
        """Slurm starts the job again where its node comes back: same number, nothing overwritten."""
        command = write("lost", [1], case="middle", sbatch=["--nodelist=lab1"])
        with start(self.lab, command) as job:
            wait_for(lambda: states("lost") == ["running"] and list(Path("lost/runs").glob("*.h5")), "the run")
            number = runs("lost")[0]["job"]
            self.lab.scontrol("update", "nodename=lab1", "state=down", "reason=a test")
            self.lab.wait(number, {"PENDING"})
            self.lab.scontrol("update", "nodename=lab1", "state=resume")
            _, err = job.communicate(timeout=180)
        self.assertEqual((job.returncode, states("lost"), runs("lost")[0]["job"]), (0, ["done"], number), f"a lost node: {err!r}")
        self.assertEqual(self.lab.job(number)["Restarts"], "1", "started again by Slurm")
        self.assertTrue(list(Path("lost/runs").glob("*.h5.before-restart-1")),
                        f"kept aside: {sorted(path.name for path in Path('lost/runs').iterdir())}")


if __name__ == "__main__":
    main()
