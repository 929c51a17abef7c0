#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Series, speed-up, efficiency and losses of made-up run files whose answer is known."""
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stdout

import numpy as np
from made_up_run import ROOT, write_run

from postprocess import results
from postprocess.attribution import attributions_of
from postprocess.run_file import RunFile
from postprocess.scaling import scaling
from postprocess.series import series_of
from postprocess.study import StudyError, read_study
from postprocess.tolerance import crossings, ladders_of
from postprocess.units import number, percent, seconds


class Scaling(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def run_file(self, name, *arguments, **options):
        write_run(self.path(name), *arguments, **options)
        return self.path(name)

    def command(self, *arguments):
        return subprocess.run([sys.executable, str(ROOT / "postprocess"), *arguments], capture_output=True, text=True, check=False)

    def test_warmup_and_unreached_steps_do_not_count(self):
        file = RunFile(self.run_file("a.h5", 3, [9, 9, 1, 2, 3, 4, 7, 7], completed=6))
        np.testing.assert_allclose(file.slowest_step_seconds, [1, 2, 3, 4])
        np.testing.assert_allclose(file.steps.slowest, [1, 2, 3, 4])
        np.testing.assert_allclose(file.steps.elapsed_of_rank, np.array([0.5, 0.75, 1]) * 2.5)
        self.assertEqual(file.hosts, ["node0", "node1"])

    def test_a_file_longer_than_a_slab_gives_the_same(self):
        times = np.random.default_rng(1).lognormal(size=(2500, 2))
        steps = RunFile(self.run_file("long.h5", 2, times, warmup=7)).steps
        np.testing.assert_allclose(steps.slowest, times[7:].max(axis=1))
        np.testing.assert_allclose(steps.phase.sum(), times[7:].mean())
        np.testing.assert_allclose(steps.compute_of_rank, 0.5 * times[7:].mean(axis=0))

    def test_speed_up_and_efficiency_are_against_the_smallest_run(self):
        two = self.run_file("two.h5", 2, [5, 5] + [0.010] * 20)
        one = self.run_file("one.h5", 1, [5, 5] + [0.016] * 20)
        said = io.StringIO()
        with redirect_stdout(said):
            scaling([two, one])
        table = said.getvalue().splitlines()
        self.assertEqual(table[1].split()[:2], ["1", "16.00"])
        self.assertIn(" 1.60 ", table[2])
        self.assertIn("80.0 %", table[2])
        self.assertEqual(table[3], "base: made_up on 1 rank, 16.00 ms a step")

    def test_the_table_draws_one_picture(self):
        paths = [self.run_file(f"{p}.h5", p, [5, 5] + [0.016 / p] * 20) for p in (1, 2, 4)]
        done = self.command("scaling", *paths, "--output", self.path("scaling.png"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with open(self.path("scaling.png"), "rb") as file:
            self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")

    def test_series_come_from_what_was_set(self):
        paths = [self.run_file(f"{network}-{p}.h5", p, [1, 1] + [1 / p] * 9, network=network) for network in "ab" for p in (1, 2)]
        paths.append(self.run_file("a-4.h5", 4, [1, 1] + [1 / 4] * 9, network="a", latency=3.0))
        study = read_study(paths)
        self.assertEqual([variable.name for variable in study.variables][0], "network")
        self.assertIn("network.between_nodes.half_round_trip_us", [variable.name for variable in study.variables])
        found = [(series.network, [point.ranks for point in series.points]) for series in series_of(study)]
        self.assertEqual(sorted(found), [("a", [1, 2]), ("a", [4]), ("b", [1, 2])])

    def test_a_grid_that_grows_with_the_ranks_is_weak_scaling(self):
        paths = [self.run_file(f"{p}.h5", p, [1, 1] + [0.01 * p] * 9, cells=(32 * p, 32, 1)) for p in (1, 2, 4)]
        study = read_study(paths)
        self.assertEqual(study.scaling, "weak")
        (series,) = series_of(study)
        self.assertAlmostEqual(series.at(4).efficiency.value, 0.25)
        self.assertAlmostEqual(series.at(4).speedup.value, 1.0)

    def test_the_product_of_the_pop_efficiencies_is_the_share_of_computing(self):
        (series,) = series_of(read_study([self.run_file("p.h5", 4, [1, 1] + [0.01] * 20, compute_share=0.4)]))
        pop = series.base.pop
        # Ranks take 0.5 … 1 of the slowest, and compute 0.4 of that.
        self.assertAlmostEqual(pop.load_balance, 0.75)
        self.assertAlmostEqual(pop.serialization, 1 / 1.1)
        self.assertAlmostEqual(pop.transfer, 0.44)
        self.assertAlmostEqual(pop.parallel, 0.3)
        self.assertAlmostEqual(series.base.share("point_to_point"), 0.6 * 0.3)
        self.assertAlmostEqual(series.base.share("collective"), 0.6 * 0.7)

    def test_native_runs_have_no_serialization_and_no_transfer(self):
        study = read_study([self.run_file("n.h5", 2, [1, 1] + [0.01] * 20, clock="native")])
        (series,) = series_of(study)
        self.assertAlmostEqual(series.base.pop.load_balance, 0.75)
        with open(self.path("e.csv"), "w+", encoding="utf-8") as file:
            results.write_csv(file.name, [series])
            (row,) = csv.DictReader(file)
        self.assertEqual((row["clock"], row["serialization"], row["transfer"]), ("native", "", ""))
        self.assertEqual(tuple(row), results.COLUMNS)

    def test_shares_of_unequal_repeats_are_ratios_of_sums(self):
        paths = [self.run_file("long.h5", 2, [1, 1] + [0.01] * 30, compute_share=0.9, seed=1),
                 self.run_file("short.h5", 2, [1, 1] + [0.01] * 10, compute_share=0.1, seed=2)]
        (series,) = series_of(read_study(paths))
        self.assertEqual(series.base.repeats, 2)
        self.assertAlmostEqual(series.base.share("point_to_point"), 0.3 * (0.1 * 30 + 0.9 * 10) / 40)

    def test_copies_of_one_seed_are_one_repeat(self):
        rng = np.random.default_rng(2)
        times = rng.lognormal(size=100)
        paths = [self.run_file(f"{i}.h5", 2, times, seed=1) for i in range(7)]
        (series,) = series_of(read_study(paths))
        self.assertEqual(series.base.repeats, 1)
        self.assertLess(series.base.time.low, series.base.time.high)

    def test_amdahl_is_found_again(self):
        paths = [self.run_file(f"{p}.h5", p, [1, 1] + [0.01 * (0.2 + 0.8 / p)] * 20) for p in (1, 2, 4, 8)]
        (series,) = series_of(read_study(paths))
        fraction, misfit = series.serial_fraction
        self.assertAlmostEqual(fraction.value, 0.2)
        self.assertLess(misfit, 1e-9)

    def test_crossings_are_linear_between_rungs_and_infinite_beyond(self):
        lines = np.array([[1, 1, 1], [1.02, 1.1, 1.0], [1.06, 1.3, 1.01]])
        np.testing.assert_allclose(crossings(np.array([0.0, 10.0, 20.0]), lines, 1.05), [17.5, 5.0, np.inf])

    def ladder(self, values):
        """A study of one ladder on 2 ranks."""
        runs = []
        for x, time in values:
            write_run(self.path(f"{x}.h5"), 2, [1, 1] + [time] * 20)
            runs.append({"id": str(x), "labels": {"extra": f"+{x}"}, "ranks": 2, "repeat": 1, "state": "done", "file": f"{x}.h5"})
        variable = {"name": "extra", "unit": "us", "axis": "added_latency_us",
                    "values": [{"label": f"+{x}", "x": x} for x, _ in values]}
        return self.study([variable], runs)

    def study(self, variables, runs):
        manifest = {"schema": "haloscope-study", "schema_version": 1, "about": {"name": "s"}, "case": "c", "scaling": "strong",
                    "variables": variables, "runs": runs}
        with open(self.path("manifest.json"), "w", encoding="utf-8") as file:
            json.dump(manifest, file)
        return read_study([self.folder.name])

    def test_a_ladder_says_where_five_percent_are_reached(self):
        study = self.ladder([(0, 0.010), (10, 0.0102), (20, 0.0111)])
        (ladder,) = ladders_of(study, series_of(study))
        self.assertAlmostEqual(ladder.tolerances[0.01].value, 5.0)
        self.assertAlmostEqual(ladder.tolerances[0.05].value, 10 + 10 * 3 / 9)
        self.assertAlmostEqual(ladder.tolerances[0.10].value, 10 + 10 * 8 / 9)

    def attribution(self, times):
        """From {without: seconds}; computing takes 4 ms on the slower rank and 2 on the other, 4.4 on the ideal network."""
        runs = []
        for i, (without, time) in enumerate(times.items()):
            write_run(self.path(f"{i}.h5"), 2, [1, 1] + [time] * 20, compute_share=0.004 / time, without=without)
            runs.append({"id": str(i), "labels": {"w": without or "all"}, "ranks": 2, "repeat": 1, "state": "done",
                         "file": f"{i}.h5"})
        variable = {"name": "w", "values": [{"label": without or "all", "without": without} for without in times]}
        study = self.study([variable], runs)
        (found,) = attributions_of(study, series_of(study))
        return {name: 1000 * found.step * share.value for name, share in found.shares.items()}, found

    def test_ingredients_that_cost_together_are_shared_fairly(self):
        parts, found = self.attribution({"": 0.010, "jitter": 0.007, "noise": 0.009, "jitter,noise": 0.005})
        self.assertEqual(found.divided, "Shapley")
        wanted = {"load imbalance": 1.0, "serialization": 0.4, "jitter": 3.5, "CPU noise": 1.5, "latency and bandwidth": 0.6}
        self.assertEqual(set(parts), set(wanted))
        for name, value in wanted.items():
            self.assertAlmostEqual(parts[name], value, msg=name)
        self.assertAlmostEqual(sum(parts.values()), 1000 * found.step * found.loss.value)

    def test_without_all_twins_what_is_missed_is_said(self):
        parts, found = self.attribution({"": 0.010, "jitter": 0.007, "noise": 0.009})
        self.assertEqual(found.divided, "one at a time")
        for name, value in {"jitter": 3.0, "CPU noise": 1.0, "not told apart": 1.6}.items():
            self.assertAlmostEqual(parts[name], value, msg=name)

    def test_an_ingredient_outside_the_combinations_is_taken_alone(self):
        parts, _ = self.attribution({"": 0.010, "jitter": 0.007, "noise": 0.009, "jitter,noise": 0.005, "latency": 0.0095})
        for name, value in {"jitter": 3.5, "CPU noise": 1.5, "latency": 0.5, "not told apart": 0.1}.items():
            self.assertAlmostEqual(parts[name], value, msg=name)

    def test_units(self):
        self.assertEqual([seconds(s) for s in (2.5, 0.0125, 3e-6, 2e-9, np.nan)],
                         ["2.50 s", "12.5 ms", "3.00 µs", "2.00 ns", "–"])
        self.assertEqual([number(x) for x in (0.01234, 1.5, 1234.5, 0)], ["0.0123", "1.50", "1\u202f230", "0"])
        self.assertEqual([percent(x) for x in (1, 0.0523)], ["100\u202f%", "5.2\u202f%"])

    def test_runs_that_cannot_be_compared_are_refused(self):
        paths = [self.run_file("a.h5", 1, [1] * 9), self.run_file("b.h5", 2, [1] * 9, case="other")]
        with self.assertRaisesRegex(StudyError, "several cases: made_up, other"):
            read_study(paths)
        with self.assertRaisesRegex(StudyError, "no completed step after warm-up"):
            read_study([self.run_file("c.h5", 1, [1] * 9, completed=2)])

    def test_wrong_input_ends_with_2_and_one_line(self):
        self.run_file("other.h5", 1, [1] * 9, schema="something-else")
        self.run_file("newer.h5", 1, [1] * 9, version=2)
        self.run_file("whole.h5", 1, [1] * 900)
        self.run_file("invalid.h5", 1, [1] * 9, valid=0)
        with open(self.path("whole.h5"), "rb") as whole, open(self.path("cut.h5"), "wb") as cut:
            cut.write(whole.read()[:5000])
        with open(self.path("text.h5"), "w", encoding="utf-8") as file:
            file.write("not HDF5")
        for folder, text in (("none", None), ("version", '{"schema": "haloscope-study", "schema_version": 2}'),
                             ("foreign", "[]"), ("broken", "{"), ("half", '{"schema": "haloscope-study", "schema_version": 1}'),
                             ("empty", json.dumps({"schema": "haloscope-study", "schema_version": 1, "about": {"name": "s"},
                                                   "case": "c", "scaling": "strong", "variables": [], "runs": []}))):
            os.mkdir(self.path(folder))
            if text is not None:
                with open(self.path(f"{folder}/manifest.json"), "w", encoding="utf-8") as file:
                    file.write(text)
        for name, said in (("other.h5", "not a haloscope-run file of version 1"), ("newer.h5", "of version 1"),
                           ("text.h5", "cannot be opened as HDF5"), ("cut.h5", "cut.h5"), ("missing.h5", "no such file"),
                           ("invalid.h5", "--invalid draws"), ("none", "it has no manifest.json"),
                           ("version", "not a haloscope-study manifest of version 1"), ("foreign", "not a haloscope-study"),
                           ("broken", "cannot be read"), ("half", "not whole"), ("empty", "the study has no runs")):
            with self.subTest(name):
                done = self.command("report", self.path(name), "--output", self.path("out"))
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertIn(name, done.stderr)
                self.assertIn(said, done.stderr)
                self.assertFalse(os.path.exists(self.path("out")))


if __name__ == "__main__":
    unittest.main()
