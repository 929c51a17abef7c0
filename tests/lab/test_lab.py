# SPDX-License-Identifier: BSD-3-Clause
"""The lab itself, and the program in it: Slurm's own ways of starting, stopping, moving and refusing a job, on nodes that reach
each other by TCP alone; and that nothing of it is left."""
import glob
import os
import time
from pathlib import Path

import h5py
import numpy

from haloscope_program import CUBE, PROGRAM, SOURCE, main
from slurm_lab import NAME, LabTest, script

STEPS = 1000000  # far more than any job gets to
LONG = CUBE.replace("steps = 5", f"steps = {STEPS}").replace("[16, 16, 16]", "[8, 8, 8]")
VORTEX = f"run {SOURCE}/cases/taylor_green.toml --steps 20 --set expect=[]"


def hosts_of(path):
    with h5py.File(path) as file:
        return [host.decode() for host in file["ranks/host"][:]]


def left(namespaces=frozenset()):
    """All that the machine shows of the tests' lab; `namespaces` are those that its nodes had."""
    return {
        "processes": [path for path in glob.glob("/proc/[0-9]*/mountinfo") if f" haloscope-lab-{NAME} " in text_of(path)],
        "daemons": [path for path in glob.glob("/proc/[0-9]*/cmdline") if f"haloscope-lab/{NAME}/" in text_of(path)],
        "namespaces": sorted(namespaces & {link_of(path) for path in glob.glob("/proc/[0-9]*/ns/*")}),
        "named namespaces": glob.glob("/run/netns/*lab*"),
        "devices": [name for name in os.listdir("/sys/class/net")
                    if name in (f"hl-{NAME}", "switch", "login", "lab1", "lab2", "lab3")],
        "mounts": [line for line in text_of("/proc/self/mounts").splitlines() if f"haloscope-lab-{NAME} " in line or
                   f"lab/{NAME}" in line],
        "files": glob.glob(f"/var/lib/haloscope-lab/{NAME}") + glob.glob("/var/tmp/haloscope-lab-test-*"),
    }


def own_namespaces():
    """Of the nodes that are up: those that the machine itself is not in."""
    nodes = {link_of(f"{Path(path).parent}/ns/{kind}") for path in left()["processes"] for kind in ("net", "uts", "ipc", "mnt")}
    return nodes - {link_of(f"/proc/self/ns/{kind}") for kind in ("net", "uts", "ipc", "mnt")} - {None}


def text_of(path):
    try:
        return Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return ""


def link_of(path):
    try:
        return os.readlink(path)
    except OSError:
        return None


class Lab(LabTest):
    namespaces = frozenset()

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cls.nothing_is_left)
        super().setUpClass()
        cls.namespaces = own_namespaces()
        Path("long.toml").write_text(LONG)

    @classmethod
    def nothing_is_left(cls):
        for kind, found in left(cls.namespaces).items() if cls.namespaces else ():
            assert found == [], f"left by the lab: {kind}: {found}"

    def test_nodes(self):
        self.assertEqual(self.lab.node_states(), {node: "idle" for node in self.lab.nodes}, "all nodes are idle")
        self.assertEqual(sorted(self.lab.must("srun", "-N3", "hostname").split()), self.lab.nodes, "every node has its name")
        self.assertEqual(script("up", "--nodes", 3, "--cores", 2)[0], 0, "up once more is nothing new")
        status, _, err = script("up", "--nodes", 2)
        self.assertTrue(status == 2 and "another one is up" in err, f"another lab of that name: {status} {err!r}")
        self.lab.must("srun", "-w", "lab1", "touch", "/tmp/own", "/dev/shm/own")
        others = self.lab.must("srun", "-w", "lab2", "ls", "/tmp",
                               "/dev/shm").split()  # where the tree is in /tmp, its folder is there too
        self.assertTrue("own" not in others and {"/tmp:", "/dev/shm:"} <= set(others), f"a /tmp and /dev/shm a node: {others}")
        self.assertTrue(not Path("/dev/shm/own").exists(), "the machine's own is another")
        self.assertIn("lab2", self.lab.on("lab2", "hostname"), "a command on a node")

    def test_srun(self):
        """The ranks of two nodes, started by srun; all that goes between them is seen on the wire."""
        before = int(self.lab.on("lab2", "cat", "/sys/class/net/eth0/statistics/rx_bytes"))
        out = self.lab.must("srun", "-N2", "--ntasks-per-node=2", "--exclusive", "--mpi=pmix", "-w", "lab1,lab2", PROGRAM,
                            *VORTEX.split(),
                            "--output", "srun.h5")
        self.assertIn(" VALID\n", out, f"srun: {out!r}")
        self.assertEqual(hosts_of("srun.h5"), ["lab1", "lab1", "lab2", "lab2"], "srun: where the ranks were")
        with h5py.File("srun.h5") as file:
            bytes_sent = int(file["timing/bytes"][:, 1:3].sum())  # half of what ranks 1 and 2 send goes to the other node
        after = int(self.lab.on("lab2", "cat", "/sys/class/net/eth0/statistics/rx_bytes"))
        self.assertTrue(after - before > bytes_sent / 4,
                        f"srun: {after - before} bytes came to lab2, of {bytes_sent} that were sent")

    def test_mpirun(self):
        # Open MPI 5 sometimes prints all and does not end (openpmix/prrte issue 1839): that, and only that, is tried again.
        job = self.lab.sbatch("for try in 1 2 3; do\n"
                              f"  timeout -k 5 60 mpirun -n 3 {PROGRAM} {VORTEX} --force --output mpirun.h5\n  status=$?\n"
                              "  [ $status -eq 124 ] || exit $status\ndone\nexit 124", "-N3", "--ntasks-per-node=1", "--exclusive")
        self.assertEqual(self.lab.wait(job, timeout=200)["JobState"], "COMPLETED", f"mpirun: {self.lab.output(job)!r}")
        self.assertEqual(hosts_of("mpirun.h5"), self.lab.nodes, "mpirun: where the ranks were")
        kept = self.lab.must("sacct", "-c", "-j", job, "--noheader", "--parsable2", "--format=JobID,State,ExitCode").split()
        self.assertEqual(kept, [f"{job}|COMPLETED|0:0"], "sacct -c knows how it ended")
        job = self.lab.sbatch("exit 4", "-N1")
        self.assertEqual((self.lab.wait(job)["JobState"], self.lab.job(job)["ExitCode"]), ("FAILED", "4:0"), "a job that fails")

    def test_probe(self):
        out = self.lab.must("srun", "-N2", "--exclusive", "--mpi=pmix", PROGRAM, "probe", "--seconds", "5", "--output", "probe.h5")
        self.assertTrue("probe: 2 ranks on 2 nodes" in out and "slowest pair between nodes: ranks 0 (lab1)" in out,
                        f"probe: {out!r}")
        self.assertIn("btl self, tcp", out, f"probe: over TCP {out!r}")
        print(out)
        with h5py.File("probe.h5") as file:
            (samples,) = file["between_nodes/half_round_trip_seconds"].values()
            self.assertTrue(numpy.all(samples[:] > 0), "every message took time")

    def test_walltime(self):
        # Slurm counts walltime in minutes, so both jobs run out at once.
        long = f"{PROGRAM} run long.toml --output"
        ask = self.lab.sbatch(f"srun --mpi=pmix {long} asked.h5\necho the program ended with $?", "-N2", "--ntasks=2",
                              "-w", "lab2,lab3", "--time=1", "--signal=USR1@10")
        batch = self.lab.sbatch(f"trap 'kill -USR1 $mpirun' USR1\nmpirun -n 1 {long} batch.h5 &\nmpirun=$!\n"
                                "wait $mpirun\nwait $mpirun\necho the program ended with $?",
                                "-N1", "--ntasks=1", "-w", "lab3", "--time=1", "--signal=B:USR1@10")
        began = time.monotonic()
        self.assertEqual(self.check_cut(ask, "asked.h5", "SIGUSR1"), "COMPLETED", "asked to stop in time")
        self.assertEqual(self.check_cut(batch, "batch.h5", "SIGUSR1"), "COMPLETED", "the batch script asked to stop in time")
        print(f"{time.monotonic() - began:.0f} s to the ends")

    def check_cut(self, job, path, signal):
        """A run that Slurm told to stop: ended after a step, with all steps kept, and marked as short."""
        what = f"{signal} at the walltime"
        known = self.lab.wait(job, timeout=150)
        out = self.lab.output(job)
        self.assertTrue(f"stopped by {signal} after" in out and "the program ended with 4" in out,
                        f"{what}: {known['JobState']} {out!r}")
        with h5py.File(path) as file:
            done = int(file.attrs["steps_completed"])
            self.assertTrue(0 < done < STEPS, f"{what}: {done} steps")
            self.assertTrue((file["timing/step_seconds"][:done] > 0).all(), f"{what}: all steps are kept")
            self.assertTrue(numpy.isnan(file["timing/step_seconds"][done:done + 1000]).all(), f"{what}: the rest is NaN")
            self.assertEqual(int(file.attrs["valid"]), 0, f"{what}: not valid")
        return known["JobState"]

    def test_drained_node(self):
        self.lab.scontrol("update", "nodename=lab2", "state=drain", "reason=a test")
        self.assertIn("drain", self.lab.node_states()["lab2"], f"drained: {self.lab.node_states()}")
        job = self.lab.sbatch("srun hostname", "-N3", "--exclusive")
        other = self.lab.sbatch("srun hostname", "-N1", "-w", "lab1", "--exclusive")
        self.assertEqual(self.lab.wait(other)["JobState"], "COMPLETED", "drained: the others work on")
        self.assertEqual(self.lab.state(job), "PENDING", "drained: who needs the node waits")
        self.lab.scontrol("update", "nodename=lab2", "state=resume")
        self.assertEqual(self.lab.wait(job)["JobState"], "COMPLETED", "resumed: it runs")
        self.assertEqual(sorted(self.lab.output(job).split()), self.lab.nodes, "resumed: on all nodes")

    def test_requeue(self):
        """By hand, by a node that is lost, by a job of higher priority: the job starts again, under its number."""
        text = "echo start ${SLURM_RESTART_COUNT:-0} on $SLURM_JOB_NODELIST\nuntil [ -e go-on ]; do sleep 0.5; done"
        job = self.lab.sbatch(text, "-N1", "-w", "lab1", "--exclusive")
        self.lab.wait_for_output(job, "start 0 on lab1")
        self.lab.scontrol("requeue", job)
        self.lab.wait_for_output(job, "start 1 on lab1")
        lost = self.lab.sbatch(text, "-N1", "-w", "lab2", "--exclusive")
        self.lab.wait_for_output(lost, "start 0 on lab2")
        self.lab.scontrol("update", "nodename=lab2", "state=down", "reason=a test")
        self.lab.wait(lost, {"PENDING"})
        self.lab.scontrol("update", "nodename=lab2", "state=resume")
        urgent = self.lab.sbatch("echo urgent", "-N1", "-w", "lab1", "--exclusive", "--partition=urgent")
        self.assertEqual(self.lab.wait(urgent)["JobState"], "COMPLETED", "urgent: it ran")
        Path("go-on").touch()
        for number, last in ((job, "start 2 on lab1"), (lost, "start 1 on lab2")):
            self.lab.wait_for_output(number, last)
            known = self.lab.wait(number)
            self.assertEqual((known["JobState"], known["Restarts"]), ("COMPLETED", last.split()[1]),
                             f"{last}: {self.lab.output(number)!r}")

    def test_this_test_sees_the_lab(self):
        self.assertEqual(len(self.namespaces), 4 * 4, f"4 namespaces for each of 4 nodes: {self.namespaces}")
        for kind in ("processes", "daemons", "namespaces", "devices", "files"):
            self.assertTrue(left(self.namespaces)[kind], f"while it is up, this test sees its {kind}")

    def test_broken_up(self):
        """An `up` that fails half way takes away what it made. The last test: it ends the lab."""
        folder = Path("broken")
        folder.mkdir()
        (folder / "ip").write_text('#!/bin/sh\ncase "$*" in *"add name lab2"*) echo a cable is missing >&2; exit 1;; esac\n'
                                   'exec /usr/sbin/ip "$@"\n')
        (folder / "ip").chmod(0o755)
        status, _, err = script("down")
        self.assertEqual((status, err), (0, ""), "down")
        status, _, err = script("up", "--nodes", 3, path=folder.resolve())
        self.assertTrue(status != 0 and "a cable is missing" in err and "taking away what was made" in err,
                        f"a broken up: {status} {err!r}")
        processes, devices, files = (left()[kind] for kind in ("processes", "devices", "files"))
        self.assertEqual((processes, devices, files), ([], [], [str(self.lab.folder)]), "left by a broken up")
        self.assertEqual(script("status")[0], 1, "status of no lab")
        self.assertEqual(script("down")[0], 0, "down where nothing is up")


if __name__ == "__main__":
    main()
