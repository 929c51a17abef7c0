# SPDX-License-Identifier: BSD-3-Clause
"""How much added latency (or jitter) a solver stands: from a ladder of runs that differ in that alone.

The slow-down is the median step over that of the ladder's lowest rung. Tolerance is where the line through the measured rungs
first crosses 1.01, 1.05, 1.10; its interval comes from lines through draws of all medians. Nothing is extrapolated: beyond
the highest rung it is "more than". The measure is that of LLAMP (Shen et al., SC24), measured instead of computed.
"""
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from . import statistics

LEVELS = (0.01, 0.05, 0.10)


@dataclass
class Ladder:
    """One number of ranks and one choice of all other variables: rungs by rising x."""

    variable: object
    others: str
    ranks: int
    x: np.ndarray
    points: list

    @cached_property
    def slowdown(self):
        """Of every rung against the lowest, with interval."""
        base = self.points[0]
        return [statistics.Estimate(1.0, 1.0, 1.0) if point is base else
                statistics.from_draws(point.time.value / base.time.value, point.drawn_times / base.drawn_times)
                for point in self.points]

    @property
    def top(self):
        return float(self.x[-1])

    @cached_property
    def tolerances(self):
        """{level: estimate of x}; infinite where the highest rung does not reach the level."""
        values = np.array([[point.time.value] for point in self.points])
        drawn = np.array([point.drawn_times for point in self.points])
        return {level: statistics.from_draws(float(crossings(self.x, values / values[0], 1 + level)[0]),
                                             crossings(self.x, drawn / drawn[0], 1 + level)) for level in LEVELS}


def crossings(x, lines, level):
    """Where each line (rung, line) first reaches the level; infinite where never, NaN where the line is not known."""
    reached = lines >= level
    first = np.argmax(reached, axis=0)
    column = np.arange(lines.shape[1])
    before = np.maximum(first - 1, 0)
    low, high = lines[before, column], lines[first, column]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(high > low, (level - low) / (high - low), 0.0)
    place = x[before] + np.clip(share, 0, 1) * (x[first] - x[before])
    place = np.where(reached.any(axis=0), place, np.inf)
    return np.where(np.isnan(lines).any(axis=0), np.nan, place)


def ladders_of(study, all_series):
    """Every ladder with two rungs or more."""
    found = []
    for variable in (v for v in study.variables if v.is_ladder):
        groups = {}
        for series in all_series:
            x = variable.x.get(series.labels[variable.name])
            if x is None:
                continue
            others = " / ".join(label for name, label in series.labels.items() if name != variable.name)
            for point in (point for point in series.points if point.ranks > 1):  # one alone uses no network
                groups.setdefault((others, point.ranks), []).append((x, point))
        for (others, ranks), rungs in groups.items():
            rungs.sort(key=lambda rung: rung[0])
            if len(rungs) > 1:
                found.append(Ladder(variable, others, ranks, np.array([x for x, _ in rungs], float), [p for _, p in rungs]))
    return found
