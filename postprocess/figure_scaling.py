# SPDX-License-Identifier: BSD-3-Clause
"""Median step time, speed-up and parallel efficiency against ranks, one line a series, with 95 % bands."""
import numpy as np
from matplotlib.lines import Line2D

from . import figure
from .units import interval, listed, many, number, percent, seconds, time_unit


def _bound(group):
    """The bound that no network can beat: the ideal network's times where runs were virtual, else Amdahl's law of the best series.
    Gives (name, {ranks: seconds}, series)."""
    reach = max(group, key=lambda series: (len(series.points), series.last.efficiency.value))
    if np.isfinite(reach.base.ideal_time):
        times = {point.ranks: point.ideal_time for point in reach.points if np.isfinite(point.ideal_time)}
        return "bound: a network that takes no time", times, reach
    best = max((series for series in group if series.serial_fraction), default=None,
               key=lambda series: series.last.efficiency.value)
    if best is None:
        return None
    fraction, _ = best.serial_fraction
    times = {p.ranks: best.base.time.value * (fraction.value + (1 - fraction.value) / best.gain(p)) for p in best.points}
    return f"bound: Amdahl, serial fraction {percent(fraction.value)}", times, best


def draw(group, style, name, layout):
    """`style` gives the look of a series, `name` what the legend calls it."""
    canvas, (time, speed, efficiency) = layout.panels(3, 2.9)
    factor, unit = time_unit(min(series.base.time.value for series in group))
    ranks = [point.ranks for series in group for point in series.points]
    for series in group:
        look, x = style(series), [point.ranks for point in series.points]
        for axis, part, scale in ((time, "time", factor), (speed, "speedup", 1), (efficiency, "efficiency", 100)):
            found = [getattr(point, part) for point in series.points]
            axis.plot(x, [scale * one.value for one in found], zorder=3, **look.options())
            axis.fill_between(x, [scale * one.low for one in found], [scale * one.high for one in found], color=look.colour,
                              alpha=0.18, linewidth=0)
    handles = [Line2D([], [], label=name(series), **style(series).options()) for series in group]
    handles += _references(group, time, speed, efficiency, factor)
    for axis, title, label in ((time, "Median step time", f"step time [{unit}]"),
                               (speed, "Speed-up", f"speed-up over {_base_text(group)}"),
                               (efficiency, "Parallel efficiency", "parallel efficiency [%]")):
        axis.set_title(title)
        axis.set_ylabel(label)
        figure.ranks_axis(axis, ranks)
    figure.plain_logarithm(time)
    figure.plain_logarithm(speed)
    efficiency.set_ylim(0, max(108, 105 * max(p.efficiency.value for s in group for p in s.points)))
    figure.legend_above(canvas, handles, layout)
    return canvas


def _base_text(group):
    bases = sorted({series.base.ranks for series in group})
    return f"{bases[0]} rank{'' if bases[0] == 1 else 's'}" if len(bases) == 1 else "the fewest ranks"


def _references(group, time, speed, efficiency, factor):
    """The ideal line and the bound, on all panels; their legend entries."""
    widest = max(group, key=lambda series: series.last.ranks / series.base.ranks)
    x = np.array([point.ranks for point in widest.points], float)
    gain, weak = x / widest.base.ranks, widest.scaling == "weak"
    ideal = {"color": figure.INK, "linewidth": 1, "linestyle": (0, (1, 2)), "zorder": 1}
    time.plot(x, factor * widest.base.time.value / (1 if weak else gain) * np.ones(len(x)), **ideal)
    speed.plot(x, gain, **ideal)
    efficiency.plot(x, np.full(len(x), 100.0), **ideal)
    handles = [Line2D([], [], label="ideal", **ideal)]
    bound = _bound(group)
    if bound and len(bound[1]) > 1:
        label, times, _ = bound
        look = {"color": figure.GREY, "linewidth": 1.2, "linestyle": (0, (6, 2)), "zorder": 2}
        x = np.array(sorted(times), float)
        t = np.array([times[int(p)] for p in x])
        ratio = t[0] / t
        time.plot(x, factor * t, **look)
        speed.plot(x, ratio * (x / x[0] if weak else 1), **look)
        efficiency.plot(x, 100 * ratio * (1 if weak else x[0] / x), **look)
        handles.append(Line2D([], [], label=label, **look))
    return handles


def _at_most(group):
    """[(series, point)] on the most ranks, the shortest step first."""
    most = max(series.last.ranks for series in group)
    return most, sorted(((series, series.at(most)) for series in group if series.at(most)), key=lambda one: one[1].time.value)


def comparison(group, name):
    """Which series is slower on the most ranks, and how much, in one sentence: most readers come for this answer."""
    most, there = _at_most(group)
    fast, quick = there[0]
    text = f"On {many(most, 'rank')} a step takes {seconds(quick.time.value)} {fast.with_word} {name(fast)}"
    others = [(number(point.time.value / quick.time.value), ratio_interval(point, quick), f"{series.with_word} {name(series)}")
              for series, point in there[1:]]
    if others:
        shown = others if len(others) < 4 else [others[0], others[-1]]
        text += ", and " + listed(f"{times} times as long ({bounds}) {place}" for times, bounds, place in shown)
    return text + "."


def ratio_interval(upper, lower):
    """95 % of the ratio of two median steps, as text."""
    drawn = upper.drawn_times / lower.drawn_times
    return interval(*np.percentile(drawn, [2.5, 97.5]), number)


def sentence(group, name):
    """Efficiencies on the most ranks, and where more ranks stop helping."""
    most, there = _at_most(group)
    scaled = [(series, point) for series, point in there if len(series.points) > 1]
    shown = scaled if len(scaled) <= 4 else [scaled[0], scaled[-1]]
    said = [f"{percent(point.efficiency.value)} ({interval(point.efficiency.low, point.efficiency.high, percent)}) "
            f"{series.with_word} {name(series)}" for series, point in shown]
    text = f"On {many(most, 'rank')} the parallel efficiency is {listed(said)}" if said else "No series reaches the most ranks"
    bound = _bound(group)
    if bound and most in bound[1] and len(bound[1]) > 1:
        reference = bound[2]
        best = bound[1][min(bound[1])] / bound[1][most] * reference.ideal(reference.at(most))
        text += f"; the {bound[0]} would leave {percent(best)}" if bound[0].startswith("bound: a") else f"; {bound[0]}"
    stalled = [(series, tops_out(series)) for series in group if tops_out(series) is not series.last]
    if stalled and group[0].scaling == "strong":
        shown = stalled if len(stalled) <= 3 else stalled[:3]
        text += "; " + listed(f"{series.with_word} {name(series)} the step is shortest with {many(point.ranks, 'rank')}"
                              for series, point in shown)
    others = [series for series in group if series.base.ranks != min(one.base.ranks for one in group)]
    if others:
        text += "; not comparable, because their base has more ranks: "
        text += listed(f"{name(one)} ({one.base.ranks})" for one in others)
    return text.replace("the bound: a network", "a network") + "."


def tops_out(series):
    """The number of ranks with the shortest step."""
    return min(series.points, key=lambda point: point.time.value)
