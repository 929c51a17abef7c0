# SPDX-License-Identifier: BSD-3-Clause
"""The networks themselves: how long half a round trip takes."""
import numpy as np
from matplotlib import ticker
from matplotlib.lines import Line2D

from . import figure
from .figure_jitter import tail_axis
from .units import listed, number


def draw(profiles, style, layout):
    """`style` gives the look of a label."""
    canvas, (axis,) = layout.panels(1, 3.2)
    beyond = np.unique(np.concatenate([np.linspace(0, 0.9, 181), 1 - np.geomspace(0.1, 1e-5, 200)]))
    for profile in profiles:
        p = beyond[beyond <= 1 - 0.5 / profile.samples]
        look = style(profile.label)
        axis.plot(profile.quantile(p), 1 - p, color=look.colour, linestyle=look.line)
        axis.plot(profile.quantile([0.5])[0], 0.5, look.marker, color=look.colour, markeredgecolor="white", zorder=4)
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if high / low < 60 else (1,)))
    axis.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(ticker.NullFormatter())
    tail_axis(axis, 1e-5)
    axis.set_xlabel("half round trip of 1 byte between nodes [µs]")
    axis.set_ylabel("share of messages that take as long")
    figure.legend_above(canvas, [Line2D([], [], label=profile.label, **style(profile.label).options()) for profile in profiles],
                        layout)
    return canvas


def sentence(profiles):
    ordered = sorted(profiles, key=lambda profile: profile.median)
    shown = ordered if len(ordered) <= 4 else [ordered[0], ordered[-1]]
    said = [f"{number(p.median)} µs on {p.label} (one in a thousand above {number(float(p.quantile(0.999)))} µs)" for p in shown]
    return f"The median half round trip is {listed(said)}."
