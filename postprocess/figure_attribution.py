# SPDX-License-Identifier: BSD-3-Clause
"""What the loss is made of: one stacked bar for each network and number of ranks."""
import numpy as np
from matplotlib.patches import Patch

from . import figure
from .attribution import NAMES, ORDER, REST, UNTOLD
from .units import interval, listed, many, percent, seconds

COLOURS = {"load imbalance": "#999999", "serialization": "#F0E442", "latency": "#0072B2", "bandwidth": "#56B4E9",
           "jitter": "#D55E00", "CPU noise": "#CC79A7", UNTOLD: "#E3E3E3", REST: "#009E73"}
HATCHES = {"load imbalance": "", "serialization": "....", "latency": "////", "bandwidth": "\\\\\\\\", "jitter": "xxx",
           "CPU noise": "||", UNTOLD: "--", REST: ""}
MANY = 24


def draw(found, layout):
    found = found[:MANY]
    canvas, (axis,) = layout.panels(1, 1.1 + 0.46 * len(found) + (0.9 if layout.narrow else 0.3))
    places = np.arange(len(found))[::-1]
    reach = 0.0
    for place, one in zip(places, found):
        up = down = 0.0
        for number, (name, share) in enumerate(one.shares.items()):
            value = 100 * share.value
            foot = up if value >= 0 else down
            axis.barh(place, value, 0.62, left=foot, color=COLOURS.get(name, COLOURS[REST]), hatch=HATCHES.get(name, ""),
                      edgecolor="white", linewidth=0.5)
            end = foot + value
            if value > 6:
                axis.text(foot + value / 2, place, f"{value:.0f}", ha="center", va="center", fontsize=8, zorder=6,
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2, "alpha": 0.85})
            if np.isfinite(share.low) and 100 * (share.high - share.low) > 0.4:
                height = place + 0.2 - 0.4 * (number % 3) / 2
                axis.plot([end - value + 100 * share.low, end - value + 100 * share.high], [height] * 2, color=figure.INK,
                          linewidth=1.1, solid_capstyle="butt", zorder=5)
            up, down = (end, down) if value >= 0 else (up, end)
            reach = max(reach, end, foot + 100 * np.nan_to_num(share.high))
    axis.axvline(0, color=figure.INK, linewidth=0.8)
    names = [f"{one.others or 'all'}\n{many(one.ranks, 'rank')}" for one in found]
    axis.set_yticks(places, names if not layout.narrow else [name.replace(" in ", "\nin ", 1) for name in names], fontsize=8.5)
    axis.set_ylim(-0.6, len(found) - 0.4)
    axis.grid(axis="y", visible=False)
    axis.set_xlim(right=min(reach * 1.03, 103) if reach > 0 else None)
    axis.set_xlabel("share of the step lost [%]")
    shown = sorted({name for one in found for name in one.shares}, key=lambda name: ORDER.index(name) if name in ORDER else 99)
    figure.legend_above(canvas, [Patch(facecolor=COLOURS.get(name, COLOURS[REST]), hatch=HATCHES.get(name, ""),
                                       edgecolor="white", label=name) for name in shown], layout)
    return canvas


def finding(found):
    """Where most is lost, and to what."""
    worst = max(found, key=lambda one: one.loss.value)

    def said(names):
        return listed(f"{percent(worst.shares[name].value)} to {name} "
                      f"({interval(worst.shares[name].low, worst.shares[name].high, percent)})" for name in names)

    largest = sorted(worst.shares, key=lambda name: worst.shares[name].value, reverse=True)[:2]
    text = (f"Most is lost {f'on {worst.others} ' if worst.others else ''}with {many(worst.ranks, 'rank')}: "
            f"{percent(worst.loss.value)} of a step of {seconds(worst.step)}; {said(largest)}")
    others = [name for name in worst.shares if name in NAMES.values() and name not in largest]
    return text + (f"; {said(others)}" if others else "") + "."


def sentence(found):
    how = ("Ingredients that were switched off in all combinations have their Shapley values, others what switching them off "
           "alone saves" if any(one.divided == "Shapley" for one in found) else
           "Each ingredient has what switching it off alone saves")
    return f"{finding(found)} {how}; thin lines are 95 % intervals."
