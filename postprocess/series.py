# SPDX-License-Identifier: BSD-3-Clause
"""Series: runs that differ in their number of ranks alone, with their speed-up and efficiency.

Speed-up is the median step time of the base over that of the point, and the base is the series' smallest number of ranks.
Its efficiency is the speed-up against the ideal one: strong scaling T0 p0 / (T p), weak scaling T0 / T. Both medians are
uncertain: the interval is that of the ratio of draws from both. Shares and the POP efficiencies are ratios of sums over the
repeats, never means of ratios.
"""
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from . import statistics
from .statistics import Estimate

TAILS = (0.5, 0.95, 0.99, 0.999)
SEED = 1  # of the draws: the same files give the same report


@dataclass
class Pop:
    """Load balance x serialization x transfer = parallel efficiency (see
    include/haloscope/timing/efficiency.hpp). NaN: a native run cannot tell serialization from transfer, and its load balance is
    that of the time outside MPI."""

    load_balance: float = np.nan
    serialization: float = np.nan
    transfer: float = np.nan

    @property
    def parallel(self):
        return self.load_balance * self.serialization * self.transfer


@dataclass
class Point:
    """One series on one number of ranks, all repeats."""

    ranks: int
    runs: list
    speedup: Estimate = None
    efficiency: Estimate = None

    @cached_property
    def distinct(self):
        """The repeats without copies: a second run with the same seeds in virtual time says nothing new."""
        kept = {}
        for run in self.runs:
            kept.setdefault((run.file.get("seed"), run.file.get("network_seed"), run.file.steps.slowest.tobytes()), run)
        return list(kept.values())

    @property
    def steps(self):
        return [run.file.steps for run in self.distinct]

    @property
    def repeats(self):
        return len(self.distinct)

    @cached_property
    def step_times(self):
        """All repeats' slowest ranks [s], one after the other."""
        return np.concatenate([steps.slowest for steps in self.steps])

    @cached_property
    def time(self):
        """The median step [s]."""
        return statistics.median([steps.slowest for steps in self.steps])

    @cached_property
    def drawn_times(self):
        """Draws of the median: the same ones wherever this point is compared, so that what it shares cancels."""
        if np.isnan(self.time.low):
            return np.full(statistics.DRAWS, np.nan)
        return self.time.draws(np.random.default_rng([SEED, self.ranks, len(self.runs), len(self.step_times)] +
                                                     [ord(c) for c in self.runs[0].id]))

    @cached_property
    def tails(self):
        """Percentiles of the step time with intervals; one that fewer than one step lies beyond is NaN."""
        series = [steps.slowest for steps in self.steps]
        return {p: statistics.quantile(series, p) if len(self.step_times) * (1 - p) >= 1 else Estimate(np.nan) for p in TAILS}

    @cached_property
    def phases(self):
        """{phase: (seconds a step, the part inside MPI)}, means over ranks, steps and repeats."""
        weights = np.array([len(steps.slowest) for steps in self.steps], float)
        weights /= weights.sum()
        found = {}
        for steps, weight in zip(self.steps, weights):
            for name, whole, mpi in zip(steps.phases, steps.phase, np.nan_to_num(steps.point_to_point + steps.collective)):
                before = found.get(name, (0.0, 0.0))
                found[name] = (before[0] + weight * whole, before[1] + weight * mpi)
        return found

    def share(self, part):
        """Of all time: inside `point_to_point` or `collective` calls."""
        return _ratio(sum(getattr(steps, part).sum() * len(steps.slowest) for steps in self.steps),
                      sum(steps.phase.sum() * len(steps.slowest) for steps in self.steps))

    @cached_property
    def pop(self):
        elapsed = sum(steps.elapsed_of_rank.max() for steps in self.steps)
        if any(steps.compute_of_rank is None for steps in self.steps):
            useful = [steps.elapsed_of_rank - steps.mpi_of_rank for steps in self.steps]
            return Pop(_ratio(sum(u.mean() for u in useful), sum(u.max() for u in useful)))
        largest = sum(steps.compute_of_rank.max() for steps in self.steps)
        ideal = sum(steps.ideal_of_rank.max() for steps in self.steps)
        return Pop(_ratio(sum(steps.compute_of_rank.mean() for steps in self.steps), largest), _ratio(largest, ideal),
                   _ratio(ideal, elapsed))

    @cached_property
    def ideal_time(self):
        """The median step on a network that takes no time [s]; NaN for native runs."""
        if any(steps.ideal_slowest is None for steps in self.steps):
            return np.nan
        return float(np.median(np.concatenate([steps.ideal_slowest for steps in self.steps])))


def _ratio(upper, lower):
    return float(upper / lower) if lower > 0 else np.nan


@dataclass
class Series:
    labels: dict
    scaling: str
    with_word: str = "on"  # a series is on a network, at a rung, with a setting
    words: dict = field(default_factory=dict)   # the labels as people read them
    points: list = field(default_factory=list)  # by rising ranks

    @property
    def name(self):
        return " / ".join(self.words.values()) or self.network

    @property
    def place(self):
        """As a sentence says it: on RDMA bare metal."""
        return f"{self.with_word} {self.name}"

    @property
    def base(self):
        return self.points[0]

    @property
    def last(self):
        return self.points[-1]

    @property
    def network(self):
        return self.base.runs[0].file.network

    @property
    def case(self):
        return self.base.runs[0].case

    @property
    def clock(self):
        return self.base.runs[0].file.clock

    def at(self, ranks):
        return next((point for point in self.points if point.ranks == ranks), None)

    def gain(self, point):
        """Ideal speed-up from the base to the point; weak scaling: how much more work is done."""
        return point.ranks / self.base.ranks

    def ideal(self, point):
        """Efficiency over speed-up."""
        return 1 / self.gain(point) if self.scaling == "strong" else 1.0

    def finish(self):
        """Speed-up and efficiency of every point."""
        for point in self.points:
            if point is self.base:
                point.speedup = Estimate(1.0, 1.0, 1.0)
                point.efficiency = Estimate(1.0, 1.0, 1.0)
                continue
            ratio, drawn = self.base.time.value / point.time.value, self.base.drawn_times / point.drawn_times
            more = self.gain(point) if self.scaling == "weak" else 1.0
            point.speedup = statistics.from_draws(more * ratio, more * drawn)
            point.efficiency = statistics.from_draws(ratio * self.ideal(point), drawn * self.ideal(point))

    @cached_property
    def serial_fraction(self):
        """Amdahl's s in T(p) = T(p0) (s + (1 - s) p0 / p), its interval, and how far the worst point is from the law."""
        if self.scaling != "strong" or len(self.points) < 3:
            return None
        shrink = np.array([1 / self.gain(point) for point in self.points])

        def fitted(times):  # least squares of T / T0 - shrink = s (1 - shrink), weighted as relative errors
            relative = times / times[0]
            weight = 1 / relative
            return np.clip(np.sum((relative - shrink[:, None]) * (1 - shrink[:, None]) * weight ** 2, axis=0) /
                           np.sum(((1 - shrink[:, None]) * weight) ** 2, axis=0), 0, None)

        value = float(fitted(np.array([[point.time.value] for point in self.points]))[0])
        estimate = statistics.from_draws(value, fitted(np.array([point.drawn_times for point in self.points])))
        law = self.base.time.value * (value + (1 - value) * shrink)
        misfit = max(abs(point.time.value / t - 1) for point, t in zip(self.points, law))
        return estimate, float(misfit)


def series_of(study):
    """All series of what can be drawn, in the order of the variables' values."""
    found = {}
    for run in study.drawn:
        key = tuple(variable.labels.index(run.labels[variable.name]) for variable in study.variables)
        found.setdefault(key, []).append(run)
    result = []
    first = next((variable for variable in study.variables if not variable.is_program), None)
    word = "at" if first and first.is_ladder else "with" if first and first.name != "network" else "on"
    for key in sorted(found):
        runs = found[key]
        series = Series({variable.name: variable.labels[i] for variable, i in zip(study.variables, key)}, runs[0].scaling, word)
        for variable in study.variables:  # a rung that is but a number says of what
            label = series.labels[variable.name]
            series.words[variable.name] = f"{variable.name} {label}" if variable.is_ladder and label[:1].isdigit() else label
        for ranks in sorted({run.ranks for run in runs}):
            series.points.append(Point(ranks, sorted((run for run in runs if run.ranks == ranks), key=lambda run: run.repeat)))
        series.finish()
        result.append(series)
    return result


def repeats_text(points):
    """How many repeats stand behind a figure: 3 repeats, or 1 to 3 repeats."""
    counts = sorted({point.repeats for point in points})
    if not counts:
        return "no repeats"
    if len(counts) > 1:
        return f"{counts[0]} to {counts[-1]} repeats"
    return f"{counts[0]} repeat{'' if counts[0] == 1 else 's'}"
