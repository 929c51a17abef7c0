# SPDX-License-Identifier: BSD-3-Clause
"""Where the time of a step goes: shares of the phases against ranks, their part inside MPI hatched, one panel a series."""
import numpy as np
from matplotlib.patches import Patch

from . import figure
from .units import many, percent, seconds

SMALL = 0.02  # of the step everywhere: joins `other`
MANY = 9      # panels
SHADES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")


def names_of(all_series):
    """The phases worth a colour, largest first, and whether some were joined."""
    shares = {}
    for series in all_series:
        for point in series.points:
            whole = sum(time for time, _ in point.phases.values())
            for name, (time, _) in point.phases.items():
                shares[name] = max(shares.get(name, 0), time / whole if whole else 0)
    large = [name for name in sorted(shares, key=shares.get, reverse=True) if shares[name] >= SMALL and name != "other"]
    return large[: len(SHADES) - 1]


def _stack(point, names):
    """[(phase, share outside MPI, share inside)], `other` last."""
    whole = sum(time for time, _ in point.phases.values())
    found = [(name, *point.phases.get(name, (0, 0))) for name in names]
    rest = [part for name, part in point.phases.items() if name not in names]
    found.append(("other", sum(time for time, _ in rest), sum(mpi for _, mpi in rest)))
    return [(name, (time - mpi) / whole, mpi / whole) for name, time, mpi in found]


def draw(all_series, layout):
    shown, names = all_series[:MANY], names_of(all_series)
    canvas, axes = layout.panels(len(shown), 2.7 if layout.narrow else 2.9, titles=[series.name for series in shown])
    colours = {name: SHADES[i] for i, name in enumerate(names)} | {"other": SHADES[-1]}
    for axis, series in zip(axes, shown):
        places = np.arange(len(series.points))
        for place, point in zip(places, series.points):
            foot = 0.0
            for name, outside, inside in _stack(point, names):
                for share, hatch in ((outside, None), (inside, "/////")):
                    axis.bar(place, 100 * share, 0.76, bottom=100 * foot, color=colours[name], hatch=hatch, edgecolor="white",
                             linewidth=0.4)
                    foot += share
            axis.annotate(seconds(sum(time for time, _ in point.phases.values()), 2), (place, 101), ha="center", fontsize=7.5,
                          annotation_clip=False, color=figure.GREY)
        axis.set_title(axis.get_title(loc="left"), pad=14)
        axis.set_xticks(places, [str(point.ranks) for point in series.points])
        axis.set_ylim(0, 100)
        axis.set_xlim(-0.6, max(len(series.points) - 0.4, 1.6))
        axis.grid(axis="x", visible=False)
        axis.set_xlabel("ranks")
        axis.set_ylabel("share of the step [%]")
    handles = [Patch(facecolor=colours[name], label=name) for name in colours]
    handles.append(Patch(facecolor="#bbbbbb", edgecolor="white", hatch="/////", label="of it inside MPI"))
    figure.legend_above(canvas, handles, layout)
    return canvas


def sentence(all_series):
    """The series that spends most inside MPI, and in which phases."""
    def inside(series):
        return series.last.share("point_to_point") + series.last.share("collective")

    worst = max(all_series, key=lambda series: np.nan_to_num(inside(series)))
    point = worst.last
    whole = sum(time for time, _ in point.phases.values())
    top = sorted(point.phases.items(), key=lambda item: item[1][1], reverse=True)[:2]
    text = (f"With {many(point.ranks, 'rank')} {worst.place}, {percent(inside(worst))} of all rank time is spent inside MPI "
            f"({percent(point.share('point_to_point'))} point-to-point, {percent(point.share('collective'))} collective), most of "
            f"it in the phases {' and '.join(f'{name} ({percent(mpi / whole)})' for name, (_, mpi) in top)}")
    least = min(all_series, key=lambda series: np.nan_to_num(inside(series)))
    if least is not worst:
        text += f"; with {many(least.last.ranks, 'rank')} {least.place} it is {percent(inside(least))}"
    if len(all_series) > MANY:
        text += f"; the first {MANY} of {len(all_series)} series are drawn"
    return text + ". Above the bars: mean step over ranks."
