# SPDX-License-Identifier: BSD-3-Clause
"""The strong-scaling efficiency of given run files: a table in the terminal and, if asked, one picture.

The base is the run with the fewest ranks. The table names it, since a speed-up says nothing without it (Hoefler & Belli, SC15,
rule 1).
"""
from . import figure, figure_scaling
from .series import series_of
from .study import read_study
from .units import interval, many, percent, seconds


def scaling_table(series):
    """One series as text."""
    lines = [f"{'ranks':>5}  {'median step':>11}  {'95 % interval':>22}  {'speed-up':>8}  {'efficiency':>10}  "
             f"{'95 % interval':>20}  {'repeats':>7}  {'result':>7}"]
    for point in series.points:
        bounds = point.efficiency if point is not series.base else None
        shown = interval(bounds.low, bounds.high, percent) if bounds else "base"
        verdict = "VALID" if all(run.file.valid for run in point.runs) else "INVALID"
        lines.append(f"{point.ranks:>5}  {seconds(point.time.value, 4):>11}  "
                     f"{interval(point.time.low, point.time.high, seconds):>22}  {point.speedup.value:>8.2f}  "
                     f"{percent(point.efficiency.value):>10}  {shown:>20}  {point.repeats:>7}  {verdict:>7}")
    base = series.base
    lines.append(f"base: {base.runs[0].file['case_name']} on {many(base.ranks, 'rank')}, {seconds(base.time.value, 4)} a step")
    return "\n".join(line.replace("\u202f", " ") for line in lines)


def efficiency_table(all_series, most=24):
    """Parallel efficiency at a glance, a line a series and a column a number of ranks; empty where there is nothing to compare."""
    ranks = sorted({point.ranks for series in all_series for point in series.points})
    if len(ranks) < 2:
        return ""
    shown = all_series[:most]
    width = max(len("parallel efficiency on"), *(len(series.name) for series in shown))
    lines = [f"{'parallel efficiency on':{width}}" + "".join(f"{count:>9}" for count in ranks) + "  ranks"]
    for series in shown:
        found = {point.ranks: percent(point.efficiency.value) for point in series.points}
        lines.append(f"{series.name:{width}}" + "".join(f"{found.get(count, ''):>9}" for count in ranks))
    if len(all_series) > most:
        lines.append(f"… and {len(all_series) - most} more in efficiency.csv")
    return "\n".join(line.rstrip() for line in lines).replace("\u202f", " ") + "\n\n"


def scaling(paths, picture=""):
    """Prints the table of each series, invalid runs included and named so; draws the picture's file. Raises StudyError."""
    found = series_of(read_study(paths, take_invalid=True))
    for series in found:
        title = f"{series.name}\n" if len(found) > 1 else ""
        print(title + scaling_table(series))
    if picture:
        look = figure.styles([series.name for series in found])
        canvas = figure_scaling.draw(found, lambda series: look[series.name], lambda series: series.name, figure.WIDE)
        canvas.savefig(picture)
        print(f"drawn in {picture}")
