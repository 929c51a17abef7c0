#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The scaling table of made-up run files whose answer is known."""
import os
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "postprocess"))

from run_file import RunFile, RunFileError  # noqa: E402
from scaling import median_interval, scaling_table, with_unit  # noqa: E402


def write_run(path, ranks, step_seconds, warmup=2, completed=None, case="{}", schema="haloscope-run"):
    """A run whose last rank is the slowest; the steps not reached are NaN."""
    steps = len(step_seconds)
    completed = steps if completed is None else completed
    with h5py.File(path, "w") as file:
        file.attrs.update(schema=schema, schema_version=1, valid=1, ranks=ranks, warmup_steps=warmup,
                          steps_completed=completed, case_name="made_up", effective_case=case)
        times = np.outer(step_seconds, np.linspace(0.5, 1, ranks) if ranks > 1 else [1.0])
        times[completed:] = np.nan
        file["timing/step_seconds"] = times


class Scaling(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def test_warmup_and_unreached_steps_do_not_count(self):
        write_run(self.path("a.h5"), 3, [9, 9, 1, 2, 3, 4, 7, 7], completed=6)
        np.testing.assert_allclose(RunFile(self.path("a.h5")).slowest_step_seconds(), [1, 2, 3, 4])

    def test_speed_up_and_efficiency_are_against_the_smallest_run(self):
        write_run(self.path("two.h5"), 2, [5, 5] + [0.010] * 20)
        write_run(self.path("one.h5"), 1, [5, 5] + [0.016] * 20)
        table = scaling_table([RunFile(self.path("two.h5")), RunFile(self.path("one.h5"))]).splitlines()
        self.assertEqual(table[1].split(), ["1", "16", "ms", "16", "ms", "..", "16", "ms", "1.00", "100.0", "%", "VALID"])
        self.assertEqual(table[2].split(), ["2", "10", "ms", "10", "ms", "..", "10", "ms", "1.60", "80.0", "%", "VALID"])
        self.assertEqual(table[3], "base: made_up on 1 rank, 16 ms a step")

    def test_the_interval_covers_the_median_19_times_of_20(self):
        rng = np.random.default_rng(1)
        samples = rng.lognormal(size=(1000, 101))  # median 1
        hits = sum(low <= 1 <= high for _, low, high in map(median_interval, samples))
        self.assertGreater(hits, 930)
        self.assertLess(hits, 985)

    def test_units(self):
        self.assertEqual([with_unit(s) for s in (2.5, 0.0125, 3e-6, np.nan)], ["2.5 s", "12.5 ms", "3 us", "-"])

    def test_runs_that_cannot_be_compared_are_refused(self):
        write_run(self.path("a.h5"), 1, [1] * 9)
        write_run(self.path("b.h5"), 2, [1] * 9, case='{"steps": 1}')
        with self.assertRaisesRegex(RunFileError, "another case"):
            scaling_table([RunFile(self.path("a.h5")), RunFile(self.path("b.h5"))])
        write_run(self.path("c.h5"), 1, [1] * 9, completed=2)
        with self.assertRaisesRegex(RunFileError, "no completed step"):
            scaling_table([RunFile(self.path("c.h5"))])

    def test_other_files_end_with_2_and_one_line(self):
        write_run(self.path("other.h5"), 1, [1] * 9, schema="something-else")
        with open(self.path("text.h5"), "w") as file:
            file.write("not HDF5")
        for name in ("other.h5", "text.h5", "missing.h5"):
            with self.subTest(name):
                done = subprocess.run([sys.executable, os.path.join(ROOT, "postprocess", "scaling.py"), self.path(name)],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(len(done.stderr.splitlines()), 1)
                self.assertIn(name, done.stderr)


if __name__ == "__main__":
    unittest.main()
