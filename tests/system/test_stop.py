# SPDX-License-Identifier: BSD-3-Clause
"""Early ends: a signal ends the run after a step, and all steps are kept; after kill -9 the flushed ones are there."""
import os
import signal
import subprocess
import time
from pathlib import Path

import h5py
import numpy

from haloscope_program import CUBE, ProgramTest, launch, main, run

STEPS = 1000000  # far more than a test waits for
LONG = CUBE.replace("steps = 5", f"steps = {STEPS}").replace("[16, 16, 16]", "[8, 8, 8]")


def children_named(parent, name):
    """Process numbers of the ranks that a launcher started."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = (entry / "stat").read_text()
        except OSError:
            continue
        command, _, rest = status.partition("(")[2].rpartition(")")
        if command == name and int(rest.split()[1]) == parent:
            found.append(int(entry.name))
    return found


def wait_until_it_steps(path, job):
    """Returns when the file is in place and some steps were flushed."""
    end = time.monotonic() + 60
    while time.monotonic() < end and job.poll() is None:
        if Path(path).exists():
            time.sleep(4)  # a flush comes at most 2 s after a step
            return
        time.sleep(0.1)
    raise RuntimeError(f"{path} never came: {job.communicate()}")


class Stop(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Path("long.toml").write_text(LONG)

    def test_terminate_alone(self):
        self.check_signal(None, signal.SIGTERM)

    def test_user_signal_on_two_ranks(self):
        self.check_signal(2, signal.SIGUSR1)

    def check_signal(self, ranks, number):
        path = f"stopped-{ranks}.h5"
        with subprocess.Popen(launch(["run", "long.toml", "--output", path], ranks), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as job:
            wait_until_it_steps(path, job)
            os.kill(children_named(job.pid, "haloscope")[0] if ranks else job.pid, number)
            out, err = job.communicate(timeout=60)
        what = f"{number.name} on {ranks or 1}"
        self.assertEqual(job.returncode, 4, f"{what}: exit code ({err!r})")
        self.assertIn(f"stopped by {number.name} after", out, f"{what}: the reason in {out!r}")
        with h5py.File(path) as file:
            done = int(file.attrs["steps_completed"])
            self.assertTrue(0 < done < STEPS, f"{what}: {done} steps")
            times = file["timing/step_seconds"]
            self.assertTrue((times[:done] > 0).all(), f"{what}: all steps are kept")
            self.assertTrue(numpy.isnan(times[done:done + 1000]).all(), f"{what}: the rest is NaN")
            self.assertEqual(int(file.attrs["valid"]), 0, f"{what}: not valid")
            reason = file.attrs["ended_early"]
            reason = reason.decode() if isinstance(reason, bytes) else reason
            self.assertTrue(reason.startswith(f"stopped by {number.name} after {done} of {STEPS}"),
                            f"{what}: marked short: {reason!r}")
        status, shown, _ = run(["show", path])
        self.assertEqual((status, shown), (0, out), f"{what}: show prints what run printed")

    def test_kill(self):
        path = "killed.h5"
        with subprocess.Popen(launch(["run", "long.toml", "--output", path], 2), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as job:
            wait_until_it_steps(path, job)
            os.kill(children_named(job.pid, "haloscope")[-1], signal.SIGKILL)
            job.communicate(timeout=60)
        self.assertTrue(job.returncode != 0, "kill -9: exit code")
        with h5py.File(path) as file:
            done = int(file.attrs["steps_completed"])
            self.assertTrue(done > 0, f"kill -9: {done} steps")
            self.assertTrue((file["timing/step_seconds"][:done] > 0).all(), "kill -9: flushed steps are kept")
            self.assertTrue(numpy.isnan(file["timing/step_seconds"][-1000:]).all(), "kill -9: the rest is NaN")
            self.assertEqual(int(file.attrs["valid"]), 0, "kill -9: not valid")
        status, out, _ = run(["show", path])
        self.assertEqual(status, 0, "kill -9: show")
        self.assertIn("INVALID", out, f"kill -9: verdict {out!r}")


if __name__ == "__main__":
    main()
