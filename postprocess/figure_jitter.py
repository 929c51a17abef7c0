# SPDX-License-Identifier: BSD-3-Clause
"""What jitter does: the tail of the step times, and who waited when."""
from dataclasses import dataclass

import numpy as np
from matplotlib import ticker
from matplotlib.lines import Line2D
from scipy import ndimage

from . import figure
from .units import number, percent, seconds, time_unit

WINDOW = 120  # steps in a heat map
MAPS = 6
TAIL = ((1, "all"), (0.5, "50 %"), (0.1, "10 %"), (0.01, "1 %"), (0.001, "0.1 %"), (1e-4, "0.01 %"), (1e-5, "0.001 %"))


def tail(values, most=600):
    """The empirical share of steps that take longer, as (time, share), thinned where it is crowded."""
    ordered = np.sort(values)
    n = len(ordered)
    share = 1 - np.arange(n) / n  # of steps that take at least as long
    keep = np.unique(np.concatenate([np.linspace(0, n - 1, most // 2), n - np.geomspace(1, n, most // 2)]).astype(int))
    return ordered[keep], share[keep]


def tail_axis(axis, lowest):
    """Shares from all down to one in so many, on a logarithmic axis."""
    axis.set_yscale("log")
    named = [(share, name) for share, name in TAIL if share >= lowest / 3]
    axis.set_yticks([share for share, _ in named], [name for _, name in named])
    axis.yaxis.set_minor_locator(ticker.NullLocator())
    axis.set_ylim(lowest / 1.5, 1.25)


def draw_tails(group, style, layout):
    """`group` is [(series, point)]."""
    canvas, (axis,) = layout.panels(1, 3.4 if layout.narrow else 3.3)
    factor, unit = time_unit(min(point.time.value for _, point in group))
    for series, point in group:
        x, share = tail(point.step_times)
        look = style(series)
        axis.step(factor * x, share, where="pre", color=look.colour, linestyle=look.line)
        for p, estimate in point.tails.items():
            if np.isfinite(estimate.value):
                axis.plot(factor * estimate.value, 1 - p, look.marker, color=look.colour, markeredgecolor="white", zorder=4)
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if high / low < 60 else (1,)))
    axis.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(ticker.NullFormatter())
    tail_axis(axis, 1 / max(len(point.step_times) for _, point in group))
    axis.set_xlabel(f"step time [{unit}]")
    axis.set_ylabel("share of steps that take as long")
    figure.legend_above(canvas, [Line2D([], [], label=f"{series.name}, {point.ranks} ranks", **style(series).options())
                                 for series, point in group], layout)
    return canvas


def sentence_tails(group):
    def stretch(point):
        """p99, or where too few steps lie beyond it the slowest step, over the median."""
        ninety_nine = point.tails[0.99].value
        return (ninety_nine if np.isfinite(ninety_nine) else point.step_times.max()) / point.time.value

    def words(point):
        what = "p99" if np.isfinite(point.tails[0.99].value) else f"the slowest of {len(point.step_times)} steps"
        return f"{what} is {number(stretch(point))} times the median"

    worst_series, worst = max(group, key=lambda one: stretch(one[1]))
    best_series, best = min(group, key=lambda one: stretch(one[1]))
    text = f"The longest tail is that of {worst_series.name} on {worst.ranks} ranks: {words(worst)}"
    if best is not worst:
        text += f"; {best_series.place} {words(best)}"
    return text + ". Marks: p50, p95, p99 and p99.9 where at least one step lies beyond."


# --- who waited when -----------------------------------------------------------------------------------------------------


@dataclass
class WaitingMap:
    """The steps around the one that took longest, compared with its time in the other repeats; from the repeat that had it."""

    series: object
    point: object
    repeat: int
    begin: int           # first step
    waiting: np.ndarray  # (step, rank) [s] …
    beyond: str          # … beyond which repeat; of one alone, all of it
    step: int            # the step …
    rank: int            # … and who waited longest in it
    usual: float         # median wait inside the window [s]

    @property
    def longest(self):
        return float(self.waiting[self.step - self.begin, self.rank])


def _usual(rows):
    """The usual time of each step: the median repeat, the quicker of two, and with one repeat the neighbouring steps."""
    if len(rows) > 2:
        return np.median(rows, axis=0)
    return rows.min(axis=0) if len(rows) == 2 else ndimage.median_filter(rows, (1, 15), mode="nearest")


def waiting_map(series, point):
    """None where nobody can wait."""
    if point.ranks < 2 or not any(np.isfinite(steps.longest_wait[0]) and steps.longest_wait[0] > 0 for steps in point.steps):
        return None
    n = min(len(steps.slowest) for steps in point.steps)
    rows = np.array([steps.slowest[:n] for steps in point.steps])
    repeat, step = np.unravel_index(np.argmax(rows / _usual(rows)), rows.shape)
    files = [run.file for run in point.distinct]
    warm = [int(file["warmup_steps"]) for file in files]
    begin = max(0, min(int(step) - WINDOW // 2, n - WINDOW))
    end = min(begin + WINDOW, n)
    beyond = {1: "", 2: "the other repeat"}.get(len(files), "the median repeat")
    chosen = range(len(files)) if beyond else [repeat]
    waits = {i: files[i].waiting(warm[i] + begin, warm[i] + end) for i in chosen}
    waiting, usual = waits[repeat], float(np.nanmedian(waits[repeat]))
    if beyond:
        waiting = waiting - _usual(np.array(list(waits.values())))
    if not np.isfinite(waiting).any():
        return None
    rank = int(np.nanargmax(waiting[step - begin]))
    return WaitingMap(series, point, point.distinct[repeat].repeat, warm[repeat] + begin, waiting, beyond,
                      warm[repeat] + int(step), rank, usual)


def waiting_maps(group):
    """Of [(series, point)]."""
    return [found for found in (waiting_map(series, point) for series, point in group[:MAPS]) if found]


def draw_waiting(maps, layout):
    canvas, axes = layout.panels(len(maps), 2.6, columns=2 if len(maps) in (2, 4) else 3,
                                 titles=[one.series.name for one in maps])
    for axis, one in zip(axes, maps):
        low, high = np.nanquantile(one.waiting, [0.005, 0.998])
        low = max(0.0, low) if one.beyond else low
        factor, unit = time_unit(max(high, 1e-9))
        image = axis.imshow(factor * one.waiting.T, aspect="auto", origin="lower", cmap="cividis", interpolation="nearest",
                            vmin=factor * low, vmax=factor * max(high, low + 1e-12),
                            extent=(one.begin - 0.5, one.begin + len(one.waiting) - 0.5, -0.5, one.point.ranks - 0.5))
        for size, width, colour in ((9, 1.4, "white"), (11.5, 0.7, "black")):
            axis.plot(one.step, one.rank, "o", markersize=size, markerfacecolor="none", markeredgecolor=colour,
                      markeredgewidth=width)
        axis.set_xlabel("step")
        axis.set_ylabel(f"rank, of {one.point.ranks}")
        axis.grid(visible=False)
        for side in (axis.xaxis, axis.yaxis):
            side.set_major_locator(ticker.MaxNLocator(integer=True, nbins=5))
        bar = canvas.colorbar(image, ax=axis, pad=0.02, extend="both")
        bar.set_label(f"{f'wait beyond {one.beyond}' if one.beyond else 'time inside MPI'} [{unit}]", fontsize=8)
        bar.outline.set_visible(False)
    return canvas


def sentence_waiting(maps):
    one = max(maps, key=lambda one: one.longest / one.usual if one.usual > 0 else 0)
    row = one.waiting[one.step - one.begin]
    together = int((row > one.longest / 2).sum())
    text = (f"The longest disturbance is {one.series.place}: in step {one.step} of repeat {one.repeat} rank {one.rank} (ringed) "
            f"waits {seconds(one.longest)}{f' longer than in {one.beyond}' if one.beyond else ' inside MPI'}, where "
            f"{seconds(one.usual)} is the usual wait, and {together} of {one.point.ranks} ranks wait at least half of that with it")
    common = _common(one.waiting)
    if not one.beyond:
        text += "; with one repeat the work of a step cannot be told from its disturbance"
    elif np.isfinite(common):
        text += f"; {percent(common, 0)} of the variance shown is common to all ranks of a step, " + (
            "so that most waits are vertical stripes: one late rank stops all at the next reduction" if common > 0.5 else
            "so that most waits stay with some ranks; a slanted line is an idle wave that moves from rank to rank")
    return text + "."


def _common(waiting):
    """Share of the variance over (step, rank) that the steps' means explain, each rank's own mean taken off."""
    own = waiting - np.nanmean(waiting, axis=0)
    whole = np.nanvar(own)
    return float(np.nanvar(np.nanmean(own, axis=1)) / whole) if whole > 0 else np.nan
