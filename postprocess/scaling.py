#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""usage: scaling.py RUN.h5 RUN.h5 …

Prints the strong-scaling table of runs of one case. The base is the run with the fewest ranks, and it is named: a speed-up
says nothing without it (Hoefler & Belli, SC15, rule 1). Times are medians over steps of the slowest rank, with the 95 %
interval of the median by order statistics (same paper, section 3.1.3), which takes steps for independent.
"""
import sys

import numpy as np

from run_file import RunFile, RunFileError


def median_interval(times):
    """Median and its 95 % confidence interval, without assuming a distribution; NaN bounds below 6 values."""
    ordered = np.sort(times)
    n = len(ordered)
    if n < 6:
        return np.median(ordered), np.nan, np.nan
    half = 1.96 * np.sqrt(n) / 2
    low, high = int(np.floor(n / 2 - half)), int(np.ceil(n / 2 + half))
    return np.median(ordered), ordered[max(low - 1, 0)], ordered[min(high, n - 1)]


def with_unit(seconds):
    """Four digits in the unit that suits."""
    if not np.isfinite(seconds):
        return "-"
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            break
    return f"{seconds * factor:.4g} {unit}"


def scaling_table(runs):
    """The table as text. All runs must be of one case with the same settings; raises RunFileError otherwise."""
    runs = sorted(runs, key=lambda run: int(run["ranks"]))
    base = runs[0]
    for run in runs:
        if run["effective_case"] != base["effective_case"]:
            raise RunFileError(f"{run.path}: another case, or other settings, than {base.path}")
        if len(run.slowest_step_seconds()) == 0:
            raise RunFileError(f"{run.path}: no completed step after warm-up")
    base_ranks = int(base["ranks"])
    base_median = median_interval(base.slowest_step_seconds())[0]
    lines = [f"{'ranks':>5}  {'median step':>11}  {'95 % interval':>22}  {'speed-up':>8}  {'efficiency':>10}  {'result':>7}"]
    for run in runs:
        median, low, high = median_interval(run.slowest_step_seconds())
        ranks, speed_up = int(run["ranks"]), base_median / median
        interval = f"{with_unit(low)} .. {with_unit(high)}"
        verdict = "VALID" if int(run["valid"]) else "INVALID"
        lines.append(
            f"{ranks:>5}  {with_unit(median):>11}  {interval:>22}  {speed_up:>8.2f}  "
            f"{100 * speed_up * base_ranks / ranks:>8.1f} %  {verdict:>7}"
        )
    lines.append(f"base: {base['case_name']} on {base_ranks} rank{'s' if base_ranks > 1 else ''}, {with_unit(base_median)} a step")
    return "\n".join(lines)


def main(paths):
    if not paths or paths[0] in ("-h", "--help"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(scaling_table([RunFile(path) for path in paths]))
    except (RunFileError, KeyError) as error:
        print(f"scaling.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
