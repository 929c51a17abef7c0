# SPDX-License-Identifier: BSD-3-Clause
"""Studies as jobs, with stand-ins of sbatch, squeue and scontrol (fake_slurm.py) that fail as the real ones do on a bad day."""
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import h5py

from haloscope_program import PROGRAM, STEADY, ProgramTest, main, run
from tiny_study import SMALL, manifest, states

STUDY = """
[about]
name = "jobs"
question = "Do they come back?"
[run]
case = "cube.toml"
ranks = [1, 2]
repeats = 2
time_limit_s = 90
network = "steady.toml"
"""
SITE = """
[slurm]
partition = "small"
account = "acme"
sbatch = ["--mem=0"]
poll_seconds = 0.2
ranks_per_node = 2
signal_seconds = 40
[job]
environment = ["HALOSCOPE_TEST_WORD=two words"]
before = ["echo the word is $HALOSCOPE_TEST_WORD"]
launch = "mpirun -n @RANKS@ --oversubscribe --bind-to none --mca mpi_yield_when_idle 1"
"""
ARGUMENTS = ["--launcher", "slurm", "--site", "site.toml"]


class Cluster:
    """A fresh fake Slurm for each test."""

    def __init__(self, name):
        self.home = Path(name).resolve()
        self.home.mkdir()
        bin_folder = self.home / "bin"
        bin_folder.mkdir()
        for command in ("sbatch", "squeue", "scontrol"):
            shutil.copy(Path(__file__).parent / "fake_slurm.py", bin_folder / command)
            (bin_folder / command).chmod(0o755)
        self.environment = {**os.environ, "FAKE_SLURM": str(self.home), "PATH": f"{bin_folder}:{os.environ['PATH']}"}

    def set(self, name, text=""):
        (self.home / name).write_text(str(text))

    def clear(self, name):
        (self.home / name).unlink()

    def jobs(self):
        return sorted(int(path.stem) for path in self.home.glob("*.json"))

    def study(self, *arguments, timeout=120):
        return run(["study", *arguments, *ARGUMENTS], env=self.environment, timeout=timeout)

    def start(self, *arguments):
        return subprocess.Popen([PROGRAM, "study", *arguments, *ARGUMENTS], env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)


def wait_for(condition, what):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"never: {what}")
        time.sleep(0.05)


def long_study(name):
    Path("long.toml").write_text(SMALL.replace("steps = 4", "steps = 1000000"))
    Path(f"{name}.toml").write_text(STUDY.replace("cube.toml", "long.toml").replace("[1, 2]", "2")
                                    .replace("repeats = 2", "repeats = 1"))


class StudyJobs(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, text in (("cube.toml", SMALL), ("steady.toml", STEADY), ("jobs.toml", STUDY), ("site.toml", SITE)):
            Path(name).write_text(text)

    def test_whole(self):
        cluster = Cluster("c1")
        status, out, err = cluster.study("jobs.toml", "--output", "whole")
        self.assertEqual((status, out), (0, f"{Path('whole').resolve()}\n"), f"a study by jobs: {err!r}")
        self.assertTrue("haloscope: 4 jobs submitted" in err and len(re.findall(r"\] done ", err)) == 4, f"what it said: {err!r}")
        self.assertEqual([entry["job"] for entry in manifest("whole")["runs"]], ["101", "102", "103", "104"],
                         "job numbers, in order")
        for entry in manifest("whole")["runs"]:
            self.assertEqual((entry["state"], entry["hosts"]), ("done", ["node1"]), f"{entry['id']}")
            self.assertTrue(entry["seconds"] > 0 and entry["started_utc"].endswith("Z"), f"{entry}")
            with h5py.File(Path("whole") / entry["file"]) as file:
                self.assertEqual(int(file.attrs["valid"]), 1, f"{entry['id']}: valid")
            script = (Path("whole/runs") / f"{entry['id']}.sh").read_text()
            for line in ("job-name=haloscope-jobs", "time=2", "signal=B:USR1@40", "nodes=1", f"ntasks={entry['ranks']}",
                         f"ntasks-per-node={entry['ranks']}", "partition=small", "account=acme", "exclusive", "requeue",
                         "dependency=singleton", "mem=0", "open-mode=append"):
                self.assertIn(f"\n#SBATCH --{line}\n", script, f"{entry['id']}: {line} in its script")
            self.assertTrue(not re.search(r"@[A-Z_]+@", script.partition("set -u")[2]),
                            f"{entry['id']}: nothing is left to fill in")
            self.assertNotIn("module load", script, f"{entry['id']}: no modules, no line")
            self.assertIn("the word is two words", (Path("whole") / entry["log"]).read_text(),
                          f"{entry['id']}: before and environment")
        status, _, err = cluster.study("jobs.toml", "--output", "whole", "--resume")
        self.assertEqual((status, len(cluster.jobs())), (0, 4), f"resuming what is done submits nothing: {err!r}")

    def test_submit_only(self):
        """A study that left its jobs alone, or was killed with its manifest a step behind, finds them again; no job is submitted
        twice."""
        cluster = Cluster("c2")
        cluster.set("hold")
        status, _, err = cluster.study("jobs.toml", "--output", "left", "--submit-only")
        self.assertEqual((status, states("left")), (0, ["submitted"] * 4), f"--submit-only: {err!r}")
        self.assertIn("0 of 4 runs done, 4 with Slurm", err, f"what it says: {err!r}")
        status, _, err = run(["study", "jobs.toml", "--output", "left", "--resume"])
        self.assertTrue(status == 2 and "has jobs out by --launcher slurm" in err, f"another launcher while jobs are out: {err!r}")

        lost = manifest("left")
        lost["runs"][2]["job"] = ""  # as when it was killed between sbatch and the manifest
        Path("left/manifest.json").write_text(json.dumps(lost))
        with cluster.start("jobs.toml", "--output", "left", "--resume") as job:
            wait_for(lambda: manifest("left")["runs"][2]["job"] == "103", "the lost job's number")
            job.kill()
            job.communicate(timeout=30)
        cluster.clear("hold")
        wait_for(lambda: len(list(Path("left/runs").glob("*.exit"))) == 4, "the jobs end without a study")
        self.assertEqual(states("left"), ["submitted"] * 4, "nobody has looked yet")
        status, _, err = cluster.study("jobs.toml", "--output", "left", "--resume")
        self.assertEqual((status, states("left")), (0, ["done"] * 4), f"--resume: {err!r}")
        self.assertEqual(cluster.jobs(), [101, 102, 103, 104], "no job twice")

    def test_walltime(self):
        cluster = Cluster("c3")
        long_study("cut")

        def cut(*more):
            """The warning comes when it has begun to record: earlier, on a busy machine, it may not be listening yet."""
            with cluster.start("cut.toml", "--output", "cut", *more) as job:
                aside = Path("cut/runs/0001-n2-r1.h5.attempt-1")
                wait_for(lambda: aside.exists() == bool(more) and Path("cut/runs/0001-n2-r1.h5").exists(), "it records")
                cluster.set("walltime", "0 3600")
                _, err = job.communicate(timeout=120)
            cluster.clear("walltime")
            return job.returncode, err
        status, err = cut()
        self.assertEqual((status, states("cut")), (4, ["invalid"]), f"a walltime: {err!r}")
        entry = manifest("cut")["runs"][0]
        with h5py.File(Path("cut") / entry["file"]) as file:
            done = int(file.attrs["steps_completed"])
            self.assertTrue(0 < done < 1000000 and bool((file["timing/step_seconds"][:done] > 0).all()),
                            f"valid up to there: {done} steps")
            mark = file.attrs["ended_early"]
            self.assertEqual(mark.decode() if isinstance(mark, bytes) else mark,
                             f"stopped by SIGUSR1 after {done} of 1000000 steps", "marked short")
        self.assertEqual(entry["reason"], f"stopped by SIGUSR1 after {done} of 1000000 steps", "the reason")
        self.assertEqual(cut("--resume")[0], 4, "cut again")
        self.assertEqual(manifest("cut")["runs"][0]["attempt"], 2, "attempts")
        self.assertTrue((Path("cut") / f"{entry['file']}.attempt-1").exists(), "the short file is kept")

    def test_timeout(self):
        """A job that does not listen, and dies with all it had."""
        cluster = Cluster("c4")
        long_study("deaf")
        Path("deaf_site.toml").write_text(SITE.replace('launch = "mpirun', 'launch = "env --ignore-signal=USR1 sleep 100 #'))
        cluster.set("walltime", "1 3")
        status, _, err = run(["study", "deaf.toml", "--output", "deaf", "--launcher", "slurm", "--site", "deaf_site.toml"],
                             env=cluster.environment)
        self.assertEqual((status, states("deaf")), (4, ["failed"]), f"a job killed at its walltime: {err!r}")
        self.assertEqual(manifest("deaf")["runs"][0]["reason"], "time limit of 90 s (job 101 TIMEOUT)", "the reason")

    def test_killed_job(self):
        cluster = Cluster("c5")
        long_study("killed")
        with cluster.start("killed.toml", "--output", "killed") as job:
            wait_for(lambda: states("killed") == ["running"] if Path("killed/manifest.json").exists() else False, "it runs")
            os.killpg(json.loads((cluster.home / "101.json").read_text())["shell"], signal.SIGKILL)
            _, err = job.communicate(timeout=60)
        self.assertEqual((job.returncode, states("killed")), (4, ["failed"]), f"a job killed without a word: {err!r}")
        self.assertEqual(manifest("killed")["runs"][0]["reason"], "job 101 ended as CANCELLED", "the reason")

    def test_requeue(self):
        cluster = Cluster("c6")
        long_study("again")
        Path("long.toml").write_text(SMALL.replace("steps = 4", "steps = 3000"))
        cluster.set("requeue")
        status, _, err = cluster.study("again.toml", "--output", "again")
        self.assertEqual((status, states("again")), (0, ["done"]), f"a job that is started again: {err!r}")
        self.assertEqual(cluster.jobs(), [101], "as the same job")
        self.assertTrue(len(list(Path("again/runs").glob("*.started.before-restart-1"))) == 1,
                        "what its first start left is kept aside")

    def test_survivors(self):
        """Ranks of the first start outlive it, and make the run's file after the second start has looked for one."""
        cluster = Cluster("c8")
        Path("late_site.toml").write_text(SITE.replace('before = [',
                                                       'before = ["[ \\"$SLURM_RESTART_COUNT\\" = 0 ] || echo theirs >$run.h5", '))
        Path("late.toml").write_text(STUDY.replace("[1, 2]", "2").replace("repeats = 2", "repeats = 1"))
        cluster.set("requeue")
        status, _, err = run(["study", "late.toml", "--output", "late", "--launcher", "slurm", "--site", "late_site.toml"],
                             env=cluster.environment)
        self.assertEqual((status, states("late")), (0, ["done"]), f"a file that came meanwhile: {err!r}")
        kept = [path.read_text(errors="replace") for path in Path("late/runs").glob("*.h5.before-restart-1*")]
        self.assertEqual(kept.count("theirs\n"), 1, f"is kept aside: {sorted(os.listdir('late/runs'))}")

    def test_refusals(self):
        cluster = Cluster("c7")
        cluster.set("refuse", "all:Batch job submission failed: Invalid account or account/partition combination specified")
        status, _, err = cluster.study("jobs.toml", "--output", "refused")
        self.assertEqual((status, len(err.splitlines())), (3, 1), f"sbatch refuses: {err!r}")
        self.assertTrue(err.startswith("haloscope: sbatch refused every run: sbatch: error: Batch job submission failed: "
                                       "Invalid account"), f"{err!r}")
        cluster.set("refuse", "n=2:Batch job submission failed: Node count specification invalid")
        status, _, err = cluster.study("jobs.toml", "--output", "refused", "--resume")
        self.assertEqual((status, sorted(states("refused"))), (4, ["done", "done", "failed", "failed"]),
                         f"sbatch refuses some: {err!r}")
        self.assertTrue("2 jobs submitted" in err and "Node count specification invalid" in err, f"what it says: {err!r}")
        cluster.clear("refuse")
        cluster.set("down")
        status, _, err = cluster.study("jobs.toml", "--output", "refused", "--resume")
        where = err[err.find(" (slurm"):] if " (slurm" in err else "\n"
        self.assertEqual((status, err), (3, "haloscope: squeue: slurm_load_jobs error: Unable to contact slurm controller "
                                            f"(connect failure){where}"), "no controller")
        cluster.clear("down")
        cluster.set("hold")
        with cluster.start("jobs.toml", "--output", "refused", "--resume") as job:
            wait_for(lambda: states("refused").count("submitted") == 2, "the rest is submitted")
            cluster.clear("unanswered")  # of the time before
            cluster.set("down")
            wait_for(lambda: (cluster.home / "unanswered").exists(), "it asks the controller")
            time.sleep(1)  # and again
            cluster.clear("down")
            cluster.clear("hold")
            _, err = job.communicate(timeout=60)
        self.assertEqual((job.returncode, states("refused")), (0, ["done"] * 4), f"a controller that comes back: {err!r}")
        self.assertEqual(err.count("waiting until it answers"), 1, f"said once: {err!r}")

        Path("empty").mkdir()
        status, _, err = run(["study", "jobs.toml", "--output", "none", *ARGUMENTS],
                             env={**os.environ, "PATH": str(Path("empty").resolve())})
        self.assertEqual((status, err),
                         (2, "haloscope: sbatch: command not found: --launcher slurm needs a machine with Slurm's commands\n"),
                         "no Slurm here")
        self.assertTrue(not Path("none").exists(), "no folder is made")


if __name__ == "__main__":
    main()
