# SPDX-License-Identifier: BSD-3-Clause
"""Who is quickest where: the median steps of a study of two variables, as a table."""
from dataclasses import dataclass

import numpy as np

from . import figure_scaling
from .units import listed, many, number, seconds


@dataclass
class Matrix:
    """Median steps on `ranks`, a row a value of `variable`, a column a choice of all other variables."""

    variable: str
    ranks: int
    columns: list
    rows: list  # (label, [(point or None, whether it is as quick as the quickest of its row)])


def matrix_of(lines):
    """On the most ranks that all series have; None where there is one variable, or where programs must not be compared."""
    facets = lines.facets()
    if len(facets) < 2 or len(lines.labels) < 2 or any(variable.is_program for variable in lines.study.variables):
        return None
    common = set.intersection(*({point.ranks for point in series.points} for series in lines.all))
    if not common:
        return None
    found = Matrix(lines.variable.name, max(common), list(facets), [])
    for label in lines.labels:
        points = {name: series.at(found.ranks) for name, group in facets.items() for series in group
                  if lines.label(series) == label}
        if points:
            quick = _quickest(points)
            found.rows.append((label, [(points.get(name), name in quick) for name in facets]))
    return found


def _quickest(points):
    """Names of the shortest step, and of those whose interval of the ratio to it holds 1."""
    best = min(points.values(), key=lambda point: point.time.value)
    return {name for name, point in points.items() if point is best or
            not np.percentile(point.drawn_times / best.drawn_times, 2.5) > 1}


def winners(matrix):
    """For each row a sentence that says what is quickest."""
    return [_winner(matrix, label, cells) for label, cells in matrix.rows]


def _winner(matrix, label, cells):
    there = [(name, point, best) for name, (point, best) in zip(matrix.columns, cells) if point]
    quick = min(there, key=lambda one: one[1].time.value)
    slow = max(there, key=lambda one: one[1].time.value)
    text = f"{label}, {many(matrix.ranks, 'rank')}: the step is shortest, {seconds(quick[1].time.value)}, with "
    text += listed([quick[0], *(name for name, _, best in there if best and name != quick[0])])
    if not slow[2]:
        text += (f"; {slow[0]} takes {number(slow[1].time.value / quick[1].time.value)} times as long "
                 f"({figure_scaling.ratio_interval(slow[1], quick[1])})")
    return text + "."
