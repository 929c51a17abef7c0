#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The 95 % intervals hold the true value 93 to 97 times of 100, on steps that are heavy-tailed and remember each other.

2000 trials: the share of hits of a true 95 % interval has a standard deviation of 0.5 %, so that the bounds are four of them
away. The seed is fixed: the same numbers come out each time.
"""
import sys
import unittest
from pathlib import Path

import numpy as np
from scipy import signal, stats

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from postprocess import statistics  # noqa: E402

TRIALS = 2000
PHI = 0.8


def normal_ar1(rng, repeats, steps, phi=PHI):
    """AR(1) of unit variance, stationary from the start."""
    noise = rng.standard_normal((repeats, steps + 100))
    return signal.lfilter([np.sqrt(1 - phi * phi)], [1, -phi], noise, axis=1)[:, 100:]


def heavy(z):
    """A Pareto tail whose variance is infinite: P(X > x) = (x - 1)^-2 from 2 on; median 1 + sqrt 2."""
    return 1 + stats.norm.sf(z) ** -0.5


MEDIAN = 1 + np.sqrt(2)


def coverage(truth, estimate, make, seed):
    rng = np.random.default_rng(seed)
    hits = 0
    for _ in range(TRIALS):
        found = estimate(make(rng))
        hits += found.low <= truth <= found.high
    return hits / TRIALS


class Coverage(unittest.TestCase):
    def check(self, *arguments):
        share = coverage(*arguments)
        self.assertGreaterEqual(share, 0.93)
        self.assertLessEqual(share, 0.97)

    def test_one_repeat(self):
        self.check(MEDIAN, statistics.median, lambda rng: list(heavy(normal_ar1(rng, 1, 1000))), 1)

    def test_three_repeats(self):
        self.check(MEDIAN, statistics.median, lambda rng: list(heavy(normal_ar1(rng, 3, 400))), 2)

    def test_three_repeats_whose_steps_do_different_work(self):
        # Work that falls by a factor of three over the run: the truth is the median over these very steps, which is the root
        # of the mean of all steps' distributions.
        work = np.geomspace(3, 1, 400)
        low, high = 1.0, 9.0
        for _ in range(60):
            middle = (low + high) / 2
            below = np.mean(1 - np.maximum(middle / work - 1, 1) ** -2.0)
            low, high = (middle, high) if below < 0.5 else (low, middle)
        self.check(low, statistics.median, lambda rng: list(work * heavy(normal_ar1(rng, 3, 400))), 3)

    def test_eight_repeats_are_units(self):
        self.check(MEDIAN, statistics.median, lambda rng: list(heavy(normal_ar1(rng, 8, 60))), 4)

    def test_independent_steps(self):
        self.check(MEDIAN, statistics.median, lambda rng: list(heavy(normal_ar1(rng, 1, 200, 0.0))), 5)

    def test_a_percentile(self):
        self.check(1 + np.sqrt(10), lambda x: statistics.quantile(x, 0.9), lambda rng: list(heavy(normal_ar1(rng, 3, 1000))), 6)

    def test_a_ratio_of_medians(self):
        def ratio(pair):
            upper, lower = (statistics.median(list(x)) for x in pair)
            rng = np.random.default_rng(9)
            return statistics.from_draws(upper.value / lower.value, upper.draws(rng) / lower.draws(rng))

        self.check(1.0, ratio, lambda rng: (heavy(normal_ar1(rng, 3, 300)), heavy(normal_ar1(rng, 3, 300))), 7)

    def test_order_statistics_alone_would_not(self):
        """What the blocks are for: taking correlated steps for independent misses the truth far more often."""
        def naive(series):
            ordered = np.sort(series[0])
            half = 0.98 * np.sqrt(len(ordered))
            middle = len(ordered) / 2
            return statistics.Estimate(0, ordered[int(middle - half) - 1], ordered[int(np.ceil(middle + half))])

        self.assertLess(coverage(MEDIAN, naive, lambda rng: list(heavy(normal_ar1(rng, 1, 1000))), 1), 0.7)


class Estimates(unittest.TestCase):
    def test_the_mean_of_a_trend_that_all_repeats_share_is_sure(self):
        rng = np.random.default_rng(1)
        trend = np.linspace(3, 1, 200)
        found = statistics.mean([trend + 0.01 * rng.standard_normal(200) for _ in range(3)])
        self.assertLess(found.high - found.low, 0.01)
        alone = statistics.mean([trend])
        self.assertGreater(alone.high - alone.low, 0.3)

    def test_a_repeat_that_was_cut_short_does_not_spoil_the_interval(self):
        rng = np.random.default_rng(1)
        trend = np.linspace(3, 1, 200)
        whole = [trend + 0.01 * rng.standard_normal(200) for _ in range(3)]
        wanted = statistics.mean(whole)
        for cut in (5, 150):
            found = statistics.mean([*whole, trend[:cut] + 0.01 * rng.standard_normal(cut)])
            self.assertLess(found.high - found.low, 5 * (wanted.high - wanted.low))

    def test_repeats_that_differ_as_wholes_widen_the_interval(self):
        rng = np.random.default_rng(1)
        found = statistics.median([level + 0.01 * rng.standard_normal(200) for level in (1.0, 1.1, 1.3)])
        self.assertTrue(found.repeats_differ)
        self.assertLess(found.low, 1.01)
        self.assertGreater(found.high, 1.29)
        draws = found.draws(rng)
        self.assertLess(np.percentile(draws, 2.5), 1.02)
        self.assertGreater(np.percentile(draws, 97.5), 1.28)

    def test_draws_agree_with_the_interval(self):
        rng = np.random.default_rng(1)
        for repeats in (3, 9):
            found = statistics.median(list(heavy(normal_ar1(rng, repeats, 300))))
            low, high = np.percentile(found.draws(rng), [2.5, 97.5])
            self.assertAlmostEqual(low, found.low, delta=0.15 * (found.high - found.low))
            self.assertAlmostEqual(high, found.high, delta=0.15 * (found.high - found.low))

    def test_equal_steps_are_certain_and_too_few_are_not_known(self):
        found = statistics.median([np.full(50, 2.0)])
        self.assertEqual((found.value, found.low, found.high), (2.0, 2.0, 2.0))
        found = statistics.median([np.array([1.0, 2.0, 3.0])])
        self.assertEqual(found.value, 2.0)
        self.assertTrue(np.isnan(found.low))
        self.assertTrue(np.isnan(statistics.median([]).value))

    def test_percentiles_are_the_programs_own(self):
        self.assertEqual([statistics.percentile(np.arange(1, 101), p) for p in (0.5, 0.95, 0.99, 1)], [50, 95, 99, 100])

    def test_the_autocorrelation_time_of_ar1(self):
        rng = np.random.default_rng(1)
        times = [statistics.autocorrelation_time(normal_ar1(rng, 1, 20000)[0]) for _ in range(5)]
        self.assertAlmostEqual(np.mean(times), (1 + PHI) / (1 - PHI), delta=0.7)
        self.assertLess(statistics.autocorrelation_time(rng.standard_normal(20000)), 1.2)


if __name__ == "__main__":
    unittest.main()
