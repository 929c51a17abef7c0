# SPDX-License-Identifier: BSD-3-Clause
"""What jitter does: the tail of the step times, and who waited when."""
import numpy as np
from matplotlib import ticker
from matplotlib.lines import Line2D

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
        ninety_nine = point.tails[0.99].value
        return (ninety_nine if np.isfinite(ninety_nine) else point.tails[0.95].value) / point.time.value

    worst_series, worst = max(group, key=lambda one: np.nan_to_num(stretch(one[1])))
    share = "p99" if np.isfinite(worst.tails[0.99].value) else "p95"
    text = (f"The longest tail is that of {worst_series.name} on {worst.ranks} ranks: {share} is "
            f"{number(stretch(worst))} times the median, the slowest of {len(worst.step_times)} steps "
            f"{number(worst.step_times.max() / worst.time.value)} times")
    best_series, best = min(group, key=lambda one: np.nan_to_num(stretch(one[1]), nan=np.inf))
    if best is not worst:
        text += f"; on {best_series.name} {share} is {number(stretch(best))} times the median"
    return text + ". Marks: p50, p95, p99 and p99.9 where at least one step lies beyond."


# --- who waited when -----------------------------------------------------------------------------------------------------


def waiting_maps(group):
    """[(series, point, first step, waiting (step, rank), step and rank of the longest)]: around the longest wait of the first
    repeat of each."""
    maps = []
    for series, point in group[:MAPS]:
        file = point.runs[0].file
        longest, step, rank = file.steps.longest_wait
        if longest <= 0 or point.ranks < 2:
            continue
        first, end = int(file["warmup_steps"]), file.steps_completed
        begin = max(first, min(step - WINDOW // 2, end - WINDOW))
        maps.append((series, point, begin, file.waiting(begin, min(begin + WINDOW, end)), (step, rank)))
    return maps


def draw_waiting(maps, layout):
    canvas, axes = layout.panels(len(maps), 2.5 if layout.narrow else 2.7, columns=2 if len(maps) == 2 else 3)
    for axis, (series, point, begin, waiting, (step, rank)) in zip(axes, maps):
        factor, unit = time_unit(np.nanmax(waiting))
        image = axis.imshow(factor * waiting.T, aspect="auto", origin="lower", cmap="cividis", interpolation="nearest",
                            vmin=0, vmax=factor * np.nanquantile(waiting, 0.995),
                            extent=(begin - 0.5, begin + len(waiting) - 0.5, -0.5, point.ranks - 0.5))
        axis.plot(step, rank, "o", markersize=9, markerfacecolor="none", markeredgecolor="white", markeredgewidth=1.3)
        axis.plot(step, rank, "o", markersize=11, markerfacecolor="none", markeredgecolor="black", markeredgewidth=0.6)
        axis.set_title(f"{series.name}, {point.ranks} ranks")
        axis.set_xlabel("step")
        axis.set_ylabel("rank")
        axis.grid(visible=False)
        axis.yaxis.set_major_locator(ticker.MaxNLocator(integer=True, nbins=6))
        axis.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, nbins=6))
        bar = canvas.colorbar(image, ax=axis, pad=0.02, extend="max")
        bar.set_label(f"time inside MPI [{unit}]", fontsize=8)
        bar.outline.set_visible(False)
    return canvas


def sentence_waiting(maps):
    series, point, begin, waiting, (step, rank) = max(maps, key=lambda one: np.nanmax(one[3]) / np.nanmedian(one[3]))
    longest, usual = float(np.nanmax(waiting)), float(np.nanmedian(waiting))
    together = int((waiting[step - begin] > 1.5 * usual).sum())
    text = (f"The longest wait against the usual one is on {series.name}: rank {rank} waits {seconds(longest)} in step {step} "
            f"(ringed), {number(longest / usual)} times the median of the window, and {together} of {point.ranks} ranks wait more "
            f"than 1.5 times the median in that step")
    tied = _together(waiting)
    if np.isfinite(tied):
        text += (f"; {percent(tied, 0)} of the variance of waiting there is common to all ranks of a step: "
                 + ("a late rank stops them all at the next reduction, a vertical stripe" if tied > 0.5 else
                    "delays stay with some ranks and move on step by step, an idle wave"))
    return text + (". First repeat only; colours end at the 99.5th percentile.")


def _together(waiting):
    """Share of the variance over (step, rank) that the steps' means explain, after each rank's own mean is taken off."""
    own = waiting - np.nanmean(waiting, axis=0)
    whole = np.nanvar(own)
    return float(np.nanvar(np.nanmean(own, axis=1)) / whole) if whole > 0 else np.nan
