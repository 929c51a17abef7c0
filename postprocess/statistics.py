# SPDX-License-Identifier: BSD-3-Clause
"""Medians, means and percentiles of step times, with intervals that stay honest when steps depend on each other.

Neighbouring steps are alike (a slow network stays slow for some steps), so n steps tell less than n independent values and
the usual interval by order statistics is too narrow. Two ways out:

repeats as units   From six repeats on, one value a repeat. The binomial distribution of how many of them lie below the
                   true median gives the interval, without any assumption on their distribution (Hoefler & Belli, SC15,
                   section 3.1.3), interpolated between the order statistics. Six is the least number for which 95 % exists.
blocks as units    With fewer repeats, their steps are cut into blocks that are long against the autocorrelation of the
                   indicator "this step is below the quantile". The spread of the block means gives the error of the share
                   of steps below, Student's t its factor, and the quantiles of the data at share -+ error are the bounds
                   (Woodruff's interval, J. Am. Stat. Assoc. 47 (1952) 635, with a variance for dependent data). Of a mean,
                   the block means themselves are used.

All repeats do the same work in the same step, and the work of steps differs (a solver iterates more at first). What the
repeats have in common in a block is therefore no chance: with two repeats or more the spread is that of the same block among
the repeats, and the interval is that of the median over the steps of this case. With one repeat nobody can tell work from
chance, and the interval holds both. Whoever calls leaves out copies: repeats of one seed are one repeat.

Blocks see nothing that differs from one whole repeat to the next. Where repeats differ by more than their blocks explain (an
F test at 1 %), the interval is widened to hold every repeat's own value, and the estimate says so.

An estimate carries its whole confidence distribution, from which ratios and crossings draw: nobody divides intervals.
"""
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

LEVEL = 0.95
UNITS_NEEDED = 6   # repeats, to be units
DRAWS = 4000
BLOCKS_NEEDED = 4  # below that there is no interval


@dataclass
class Estimate:
    """A value, its 95 % interval, and the quantiles of its confidence distribution."""

    value: float
    low: float = np.nan
    high: float = np.nan
    grid: np.ndarray = field(default_factory=lambda: np.array([0.0, 1.0]))    # confidence that the truth is below …
    values: np.ndarray = field(default_factory=lambda: np.array([np.nan] * 2))  # … these
    units: int = 0             # blocks or repeats
    unit: str = "none"         # "repeats", "blocks" or "none"
    repeats_differ: bool = False

    def draws(self, rng):
        """Values as often as the confidence distribution has them; NaN where there is no interval."""
        return np.interp(rng.random(DRAWS), self.grid, self.values)


def percentile(values, p):
    """The smallest value that at least the share p does not exceed: the program's own definition."""
    ordered = np.sort(values)
    return float(ordered[min(max(int(np.ceil(p * len(ordered) - 1e-9)), 1), len(ordered)) - 1])


def autocorrelation_time(series):
    """1 + 2 x the sum of the autocorrelations, cut off by Sokal's window (five times itself); never below 1."""
    x = np.asarray(series, float)
    x = x - x.mean()
    n = len(x)
    if n < 4 or not np.any(x):
        return 1.0
    power = np.abs(np.fft.rfft(x, 2 * n)) ** 2
    correlation = np.fft.irfft(power)[:n]
    correlation /= correlation[0]
    times = 2 * np.cumsum(correlation) - 1
    inside = np.arange(n) >= 5 * times
    return max(1.0, float(times[np.argmax(inside)] if inside.any() else times.max()))


def _block_length(rows, tau):
    """Of so many steps. A block of b steps misses about tau / b of the variance: four tau, or the cube root of all steps
    where that is more, keep this small and leave enough of them; at least eight in all, two in a repeat."""
    repeats, steps = rows.shape
    length = int(np.ceil(max(4 * tau, rows.size ** (1 / 3))))
    return max(1, min(length, rows.size // 8, steps // 2))


def _standard_error(series):
    """Of the mean of all values: its standard error, degrees of freedom, blocks, and whether the repeats differ."""
    longest = max(len(x) for x in series)
    series = [x for x in series if 2 * len(x) >= longest]  # one cut short says little of the spread
    steps = min(len(x) for x in series)
    rows = np.array([x[:steps] for x in series])  # the same steps of all repeats
    repeats = len(rows)
    # With one repeat the mean stays in; with more, what they have in common at a step goes.
    chance = rows - rows.mean(axis=0) if repeats > 1 else rows
    tau = float(np.mean([autocorrelation_time(x) for x in chance]))
    length = _block_length(rows, tau)
    count = steps // length
    blocks = rows[:, steps - count * length:].reshape(repeats, count, length).mean(axis=2)  # (repeat, block)
    if blocks.size < BLOCKS_NEEDED:
        return np.nan, 0, blocks.size, False
    # What blocks of this length still miss of the variance of the mean, for a correlation that falls exponentially.
    missed = max(0.5, 1 - (tau * tau - 1) / (2 * tau * length)) if length > 1 else 1.0
    if repeats == 1:
        return float(blocks.std(ddof=1) / np.sqrt(count * missed)), count - 1, count, False
    of_block = blocks.var(axis=0, ddof=1)
    error = np.sqrt(of_block.sum() / (count * count * repeats * missed))
    differ = False
    if count > 1:
        rest = blocks - blocks.mean(axis=0) - blocks.mean(axis=1, keepdims=True) + blocks.mean()
        freedom = (repeats - 1) * (count - 1)
        noise = (rest ** 2).sum() / freedom
        between = count * blocks.mean(axis=1).var(ddof=1)
        differ = bool(between > noise * stats.f.ppf(0.99, repeats - 1, freedom)) and noise > 0
    return float(error), count * (repeats - 1), blocks.size, differ


def _unit_quantiles(ordered, confidence):
    """Where the median of independent units lies below with such confidence. The k-th smallest has that of k - 1 or fewer
    below it; between them the interpolation of Hettmansperger & Sheather (Stat. Probab. Lett. 4 (1986) 75)."""
    n = len(ordered)
    below = stats.binom.cdf(np.arange(n), n, 0.5)

    def lower(u, values):
        k = np.clip(np.searchsorted(below, u, side="right"), 1, n - 1)  # from 1; between the k-th and the next
        share = np.clip((u - below[k - 1]) / (below[k] - below[k - 1]), 0, 1)
        inward = (n - k) * share / (k + (n - 2 * k) * share)
        return (1 - inward) * values[k - 1] + inward * values[k]

    confidence = np.asarray(confidence, float)
    return np.where(confidence <= 0.5, lower(np.minimum(confidence, 0.5), ordered),
                    -lower(np.minimum(1 - confidence, 0.5), -ordered[::-1]))


def _from_units(values):
    """The median of independent units."""
    ordered = np.sort(values)
    grid = np.linspace(0, 1, 401)
    low, high = _unit_quantiles(ordered, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(np.median(ordered)), float(low), float(high), grid, _unit_quantiles(ordered, grid), len(ordered),
                    "repeats")


def _certain(value, units):
    return Estimate(value, value, value, values=np.array([value] * 2), units=units, unit="blocks")


def _widened(estimate, own):
    """Holds every repeat's own value."""
    estimate.repeats_differ = True
    if np.isfinite(estimate.low):
        low, high = min(estimate.low, *own), max(estimate.high, *own)
        scale = np.where(estimate.values < estimate.value,
                         (estimate.value - low) / max(estimate.value - estimate.low, 1e-300),
                         (high - estimate.value) / max(estimate.high - estimate.value, 1e-300))
        if estimate.low < estimate.value < estimate.high:
            estimate.values = estimate.value + (estimate.values - estimate.value) * np.maximum(scale, 1)
        else:
            estimate.values = np.interp(estimate.grid, [0.025, 0.5, 0.975], [low, estimate.value, high])
        estimate.low, estimate.high = low, high
    return estimate


def quantile(series, p=0.5):
    """Of the steps of several repeats (one array each), the quantile p with its interval."""
    series = [np.asarray(x, float) for x in series if len(x)]
    if not series:
        return Estimate(np.nan)
    of_one = np.median if p == 0.5 else lambda x: percentile(x, p)
    own = [float(of_one(x)) for x in series]
    if p == 0.5 and len(series) >= UNITS_NEEDED:
        return _from_units(own)
    pooled = np.sort(np.concatenate(series))
    value = float(of_one(pooled))
    if pooled[0] == pooled[-1]:
        return _certain(value, len(pooled))
    error, freedom, units, differ = _standard_error([(x <= value).astype(float) for x in series])
    if not np.isfinite(error):
        return Estimate(value, units=units)
    if error == 0 and len(series) > 1:  # all repeats agree to the bit: a model without chance
        return _certain(value, units)
    # Mid-shares: the k-th smallest of n stands for the share (k - 1/2) / n.
    shares = (np.arange(len(pooled)) + 0.5) / len(pooled)
    grid = np.linspace(0, 1, 401)
    wanted = np.clip(p + stats.t.ppf(grid, freedom) * error, 0, 1) if error > 0 else np.full(len(grid), p)
    low, high = p + stats.t.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], freedom) * error
    estimate = Estimate(value, float(np.interp(low, shares, pooled)), float(np.interp(high, shares, pooled)), grid,
                        np.interp(wanted, shares, pooled), units, "blocks")
    return _widened(estimate, own) if differ else estimate


def median(series):
    """The median of all steps."""
    return quantile(series, 0.5)


def mean(series):
    """The mean of all steps: for what adds up to the time of the run. Few repeats: blocks; many: their means and t."""
    series = [np.asarray(x, float) for x in series if len(x)]
    if not series:
        return Estimate(np.nan)
    own = [float(x.mean()) for x in series]
    value = float(np.concatenate(series).mean())
    if len(series) >= UNITS_NEEDED:
        error, freedom, units, differ, unit = np.std(own, ddof=1) / np.sqrt(len(own)), len(own) - 1, len(own), False, "repeats"
    else:
        (error, freedom, units, differ), unit = _standard_error(series), "blocks"
    if not np.isfinite(error):
        return Estimate(value, units=units)
    grid = np.linspace(0.0005, 0.9995, 401)
    low, high = value + stats.t.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], freedom) * error
    estimate = Estimate(value, float(low), float(high), grid, value + stats.t.ppf(grid, freedom) * error, units, unit)
    return _widened(estimate, own) if differ else estimate


def from_draws(value, draws):
    """What was computed from draws of other estimates; infinite draws stand for `more than was looked at`."""
    draws = np.asarray(draws, float)
    if not len(draws) or np.isnan(draws).all():
        return Estimate(value)
    draws = np.sort(draws[~np.isnan(draws)])
    low, high = (percentile(draws, share) for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Estimate(value, low, high, np.linspace(0, 1, 401), draws[np.linspace(0, len(draws) - 1, 401).astype(int)],
                    len(draws), "draws")
