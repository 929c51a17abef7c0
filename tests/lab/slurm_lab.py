# SPDX-License-Identifier: BSD-3-Clause
"""A Slurm cluster for the length of a test: `with SlurmLab(nodes=3) as lab: lab.run(["srun", "-N3", "hostname"])`.

Where this machine cannot have one, the tests are skipped with the reason in one line. Tests wait for one another, those of other
trees too. However a test ends, killed or not, its cluster is taken away."""
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().with_name("lab.sh")
NAME = "test"
# States that a job does not leave by itself.
ENDED = {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT"}


def script(*arguments, timeout=120, path="/usr/sbin", **options):
    """Runs lab.sh for the tests' cluster, programs in `path` before others; gives (status, standard output, standard error)."""
    done = subprocess.run([SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False,
                          env={**os.environ, "HALOSCOPE_LAB": NAME, "PATH": f"{path}:{os.environ['PATH']}"}, **options)
    return done.returncode, done.stdout, done.stderr


class SlurmLab:
    """The cluster. Its nodes are `nodes`; `folder` is a scratch folder that they and this process share, made the working
    directory; `environment` is what commands of Slurm and MPI need here."""

    def __init__(self, nodes=3, cores=2):
        self.nodes = [f"lab{k + 1}" for k in range(nodes)]
        self.cores = cores

    def __enter__(self):
        # Any other test's lock on this file ends with that test; a file of Slurm itself, so that nothing is left behind.
        slurmd = shutil.which("slurmd", path=os.environ["PATH"] + ":/usr/sbin")
        self._lock = open(slurmd, "rb") if slurmd and os.geteuid() == 0 else None
        if self._lock:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            script("down")  # what a test left that died with its guard
        waits, self._guard = os.pipe()
        status, _, err = script("up", "--nodes", len(self.nodes), "--cores", self.cores, "--guard", *self._shares(), stdin=waits)
        os.close(waits)
        if status == 77:
            raise unittest.SkipTest(err.strip())
        if status != 0:
            raise RuntimeError(f"lab.sh up: status {status}: {err}")
        exports = script("env")[1].removeprefix("export ").split()
        outside = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_", "OMPI_MCA_"))}
        self.environment = {**outside, **dict(export.split("=", 1) for export in exports)}
        self.folder = Path(tempfile.mkdtemp(prefix="haloscope-lab-test-", dir="/var/tmp"))
        os.chdir(self.folder)
        return self

    def __exit__(self, *_):
        status, _, err = script("down")
        os.close(self._guard)
        os.chdir("/")
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()
        if status != 0:
            raise RuntimeError(f"lab.sh down: status {status}: {err}")

    @staticmethod
    def _shares():
        """A program built below /tmp would be nowhere on nodes that have a /tmp of their own."""
        program = Path(os.environ.get("HALOSCOPE_PROGRAM", "/")).resolve()
        return ["--share", program.parent] if program.is_relative_to("/tmp") else []

    def run(self, arguments, env=None, timeout=120, **options):
        """Runs a command where jobs are submitted, to its end, and gives (status, standard output, standard error)."""
        done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, timeout=timeout, check=False,
                              env={**self.environment, **(env or {})}, **options)
        return done.returncode, done.stdout, done.stderr

    def must(self, *arguments, **options):
        """The standard output of a command that may not fail."""
        status, out, err = self.run(arguments, **options)
        if status != 0:
            raise RuntimeError(f"{arguments}: status {status}: {err}{out}")
        return out

    def on(self, node, *arguments):
        """The standard output of a command on a node, which is `head` for the one that controls."""
        status, out, err = script("run", "--node", node, *arguments)
        if status != 0:
            raise RuntimeError(f"{arguments} on {node}: status {status}: {err}{out}")
        return out

    def scontrol(self, *arguments):
        return self.must("scontrol", *arguments)

    def sbatch(self, text, *options):
        """Submits a script given as text; gives the job's number. Its output is in job-NUMBER.out of the working directory."""
        out = self.must("sbatch", "--parsable", "--output=job-%j.out", "--open-mode=append", *options, input="#!/bin/bash\n" + text)
        return int(out)

    def output(self, job):
        path = Path(f"job-{job}.out")
        return path.read_text() if path.exists() else ""

    def job(self, number):
        """What scontrol knows of a job, of its first task for an array: {"JobState": "RUNNING", "ExitCode": "0:0", …}."""
        line = self.scontrol("show", "job", "--oneliner", number).splitlines()[0]
        return dict(word.split("=", 1) for word in line.split() if "=" in word)

    def state(self, number):
        return self.job(number)["JobState"]

    def wait(self, number, states=frozenset(ENDED), timeout=120):
        """Until a job is in one of the states; gives all that is known of it then."""
        end = time.monotonic() + timeout
        while True:
            known = self.job(number)
            if known["JobState"] in states:
                return known
            if time.monotonic() > end:
                raise RuntimeError(f"after {timeout} s job {number} is {known['JobState']} ({known['Reason']}), "
                                   f"not {sorted(states)}: {self.output(number)}")
            time.sleep(0.2)

    def wait_for_output(self, number, words, timeout=60):
        """Until a job has written some words."""
        end = time.monotonic() + timeout
        while words not in self.output(number):
            if time.monotonic() > end:
                raise RuntimeError(f"job {number} did not write {words!r} in {timeout} s: {self.output(number)!r}")
            time.sleep(0.1)

    def node_states(self):
        """{"lab1": "idle", …}, as sinfo calls them."""
        lines = self.must("sinfo", "--noheader", "--Node", "--partition=batch", "--format=%N %T").splitlines()
        return dict(line.split() for line in lines)


class LabTest(unittest.TestCase):
    """Tests that share one cluster of three nodes, `cls.lab`."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(SlurmLab(nodes=3))
