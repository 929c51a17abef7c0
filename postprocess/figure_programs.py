# SPDX-License-Identifier: BSD-3-Clause
"""Which kind of program a network hurts: parallel efficiency of all programs on the same axes, one panel a network."""
import numpy as np
from matplotlib.lines import Line2D

from . import figure
from .units import interval, listed, many, percent

MOST = 11  # panels, and one for no network
NO_NETWORK = "A network that takes no time"


def _word(labels):
    """How a sentence joins a program and where it ran."""
    return " / ".join(labels)


class Programs:
    """The series of a study whose `variable` says which program ran, by all its other variables."""

    def __init__(self, variable, all_series):
        self.names = [label for label in variable.labels if any(s.labels[variable.name] == label for s in all_series)]
        self.of = lambda series: series.labels[variable.name]
        self.panels = {}
        for series in all_series:
            place = _word(label for name, label in series.labels.items() if name != variable.name)
            self.panels.setdefault(place, []).append(series)
        self.all = all_series

    def points(self):
        return [point for series in self.all for point in series.points]

    def ranks(self):
        """The most ranks on which every series has been."""
        common = set.intersection(*({point.ranks for point in series.points} for series in self.all))
        return max(common, default=0)

    def range(self):
        """{program: (place and point of its best efficiency, of its worst)} on those ranks, the one that loses most first."""
        ranks, found = self.ranks(), {}
        for place, group in self.panels.items():
            for series in group:
                if series.at(ranks):
                    found.setdefault(self.of(series), []).append((place, series.at(ranks)))
        ends = {program: tuple(pick(there, key=lambda one: one[1].efficiency.value) for pick in (max, min))
                for program, there in found.items()}
        return dict(sorted(ends.items(), key=lambda item: item[1][1][1].efficiency.value / item[1][0][1].efficiency.value))


def _without_network(series):
    """[(ranks, efficiency on a network that takes no time)]; empty for native runs."""
    there = [point for point in series.points if np.isfinite(point.ideal_time)]
    fewer = {point.ranks: there[0].ranks / point.ranks if series.scaling == "strong" else 1 for point in there}
    return [(point.ranks, there[0].ideal_time / point.ideal_time * fewer[point.ranks]) for point in there]


def draw(programs, layout):
    look = figure.styles(programs.names)
    panels = list(programs.panels.items())[:MOST]
    longest = {}  # of each program, for the panel without a network
    for series in programs.all:
        line = _without_network(series)
        if len(line) > len(longest.get(programs.of(series), [])):
            longest[programs.of(series)] = line
    titles = [place or "All programs" for place, _ in panels] + ([NO_NETWORK] if longest else [])
    canvas, axes = layout.panels(len(titles), 2.6, titles=titles, sharey=True)
    ranks = [point.ranks for point in programs.points()]
    for axis, (_, group) in zip(axes, panels):
        for series in group:
            style, x = look[programs.of(series)], [point.ranks for point in series.points]
            found = [point.efficiency for point in series.points]
            axis.plot(x, [100 * one.value for one in found], zorder=3, **style.options())
            axis.fill_between(x, [100 * one.low for one in found], [100 * one.high for one in found], color=style.colour,
                              alpha=0.18, linewidth=0)
    for program, line in longest.items():
        axes[len(panels)].plot([p for p, _ in line], [100 * e for _, e in line], zorder=3, **look[program].options())
    ideal = {"color": figure.INK, "linewidth": 1, "linestyle": (0, (1, 2)), "zorder": 1}
    for number, axis in enumerate(axes):
        axis.axhline(100, **ideal)
        figure.ranks_axis(axis, ranks)
        axis.tick_params(labelleft=True)
        if layout.narrow or number % min(len(axes), layout.columns) == 0:
            axis.set_ylabel("parallel efficiency [%]")
    top = max([point.efficiency.value for point in programs.points()] + [e for line in longest.values() for _, e in line])
    axes[0].set_ylim(0, max(108, 105 * top))
    handles = [Line2D([], [], label=name, **look[name].options()) for name in programs.names]
    figure.legend_above(canvas, [*handles, Line2D([], [], label="ideal", **ideal)], layout)
    return canvas


def _efficiency(point):
    return f"{percent(point.efficiency.value)} ({interval(point.efficiency.low, point.efficiency.high, percent)})"


def finding(programs):
    """Who loses most by the network, and who least; in one sentence."""
    ends = list(programs.range().items())
    if not ends:
        return "The programs have no number of ranks in common."
    head = f"On {many(programs.ranks(), 'rank')} the parallel efficiency "
    if len(programs.panels) < 2:
        return head + "is " + listed(f"{_efficiency(best)} of {name}" for name, ((_, best), _) in ends) + "."
    said = [f"of {name} goes from {_efficiency(best)} on {there} to {_efficiency(worst)} on {here}"
            for name, ((there, best), (here, worst)) in ends]
    return head + "; that ".join(said) + "."


def sentence(programs):
    text = finding(programs)
    if len(programs.panels) > MOST:
        text += f" The first {MOST} of {len(programs.panels)} panels are drawn."
    return text + " Every program against itself on its fewest ranks; step times of different programs are not comparable."
