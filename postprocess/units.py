# SPDX-License-Identifier: BSD-3-Clause
"""Numbers as people read them."""
import numpy as np


def seconds(value, digits=3):
    """In the unit that suits: 12.5 ms. A dash for what is not known."""
    if value is None or np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞"
    factor, unit = time_unit(value)
    return f"{number(value * factor, digits)} {unit}"


def time_unit(largest):
    """Factor and name of the unit in which the value is at least 1."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if abs(largest) * factor >= 1:
            return factor, unit
    return (1e6, "µs") if largest == 0 or abs(largest) * 1e6 >= 0.01 else (1e9, "ns")


def number(value, digits=3):
    """So many digits, never as a power of ten below a million."""
    if value is None or np.isnan(value):
        return "–"
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    places = digits - 1 - int(np.floor(np.log10(abs(value))))
    return f"{round(value, places):,.{max(0, places)}f}".replace(",", "\u202f")


def percent(share, places=None):
    """A share as a percentage: three digits, at most one place."""
    if share is None or np.isnan(share):
        return "–"
    value = 100 * share
    if places is None:
        places = 0 if abs(value) >= 99.95 else 1
    return f"{value:.{places}f}\u202f%"


def interval(low, high, form):
    """Both bounds in the form of one value."""
    if low is None or high is None or np.isnan(low) or np.isnan(high):
        return "–"
    return f"{form(low)} to {form(high)}"


def many(count, noun):
    """1 rank, 2 ranks."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(words):
    """a, b and c."""
    words = list(words)
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""
