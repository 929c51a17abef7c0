# SPDX-License-Identifier: BSD-3-Clause
"""Slow-down against what a ladder adds, one line a number of ranks, and where it crosses 1, 5 and 10 %."""
import numpy as np
from matplotlib.lines import Line2D

from . import figure
from .tolerance import LEVELS
from .units import many, number


def unit_text(variable):
    """The unit as people write it."""
    return {"us": "µs", "": ""}.get(variable.unit, variable.unit)


def axis_text(variable):
    unit = unit_text(variable) or ("µs" if variable.axis == "added_latency_us" else "")
    return f"{variable.name} [{unit}]" if unit else variable.name


def draw(ladders, layout):
    """Ladders of one variable, one panel a choice of the others."""
    groups = {}
    for ladder in ladders:
        groups.setdefault(ladder.others, []).append(ladder)
    canvas, axes = layout.panels(min(len(groups), 6), 2.9, titles=[others or "Slow-down" for others in groups])
    ranks = sorted({ladder.ranks for ladder in ladders})
    look = figure.styles(ranks, ordered=len(ranks) > 3)
    for axis, group in zip(axes, groups.values()):
        for ladder in group:
            style, found = look[ladder.ranks], ladder.slowdown
            axis.plot(ladder.x, [one.value for one in found], **style.options())
            axis.fill_between(ladder.x, [one.low for one in found], [one.high for one in found], color=style.colour, alpha=0.18,
                              linewidth=0)
        steps = np.unique(np.concatenate([ladder.x for ladder in group]))
        if len(steps) > 3 and steps[0] >= 0 and steps[-1] > 12 * steps[1]:
            axis.set_xscale("symlog", linthresh=steps[steps > 0][0])
            named = steps if len(steps) <= 8 else steps[:: -(-len(steps) // 8)]
            axis.set_xticks(named, [f"{x:g}" for x in named])
            axis.xaxis.set_minor_locator(figure.ticker.NullLocator())
        for level in LEVELS:
            axis.axhline(1 + level, color=figure.GREY, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
        top = max(one.value for ladder in group for one in ladder.slowdown)
        axis.set_ylim(bottom=min(0.97, min(one.value for ladder in group for one in ladder.slowdown) - 0.02))
        if top > 3:
            figure.plain_logarithm(axis)
        axis.set_xlabel(axis_text(group[0].variable))
        axis.set_ylabel("median step over that at the lowest")
    level = Line2D([], [], color=figure.GREY, linewidth=0.8, linestyle=(0, (1, 2)), label="1, 5, 10 % slower")
    figure.legend_above(canvas, [*(Line2D([], [], label=many(p, "rank"), **look[p].options()) for p in ranks), level], layout)
    return canvas


def crossing_text(ladder, estimate):
    """Where a level is reached: 1.2 µs (1.1 to 1.4), or more than 50 µs."""
    unit = unit_text(ladder.variable)

    def place(x):
        return f"> {number(ladder.top)}" if np.isinf(x) else number(x)

    if np.isnan(estimate.value):
        return "–"
    text = f"{place(estimate.value)} {unit}".strip()
    if np.isinf(estimate.value) and np.isinf(estimate.low) or np.isnan(estimate.low):
        return text
    return f"{text} ({place(estimate.low)} to {place(estimate.high)})"


def sentence(ladders):
    weakest = min(ladders, key=lambda ladder: (np.nan_to_num(ladder.tolerances[0.05].value, nan=np.inf), -ladder.ranks))
    strongest = max(ladders, key=lambda ladder: (np.nan_to_num(ladder.tolerances[0.05].value, nan=0), -ladder.ranks))
    name = weakest.variable.name

    def where(ladder):
        return f"{many(ladder.ranks, 'rank')}{f' on {ladder.others}' if ladder.others else ''}"

    if np.isinf(weakest.tolerances[0.05].value):
        return (f"No step becomes 5 % slower up to {number(weakest.top)} {unit_text(weakest.variable)} of {name}; the most is "
                f"{number(max(l.slowdown[-1].value for l in ladders))} times, at the top.")
    text = f"The step is 5 % slower at {crossing_text(weakest, weakest.tolerances[0.05])} of {name} on {where(weakest)}"
    if strongest is not weakest:
        text += f", and at {crossing_text(strongest, strongest.tolerances[0.05])} on {where(strongest)}"
    return text + "."
