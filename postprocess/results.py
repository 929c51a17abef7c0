# SPDX-License-Identifier: BSD-3-Clause
"""The numbers of a report for other programs: efficiency.csv, one row a (series, ranks), and summary.json."""
import csv
import json
import math

COLUMNS = ("case", "scaling", "network", "clock", "series", "ranks", "repeats", "step_seconds_median", "step_seconds_low",
           "step_seconds_high", "step_seconds_p99", "speedup", "efficiency", "efficiency_low", "efficiency_high",
           "point_to_point_fraction", "collective_fraction", "load_balance", "serialization", "transfer")
SCHEMA = "haloscope-report"
VERSION = 1


def row(series, point):
    """One line of efficiency.csv as a dict."""
    return dict(zip(COLUMNS, (
        series.case, series.scaling, series.network, series.clock, series.name, point.ranks, point.repeats, point.time.value,
        point.time.low, point.time.high, point.tails[0.99].value, point.speedup.value, point.efficiency.value,
        point.efficiency.low, point.efficiency.high, point.share("point_to_point"), point.share("collective"),
        point.pop.load_balance, point.pop.serialization, point.pop.transfer)))


def write_csv(path, all_series):
    """Cells of unknown numbers stay empty."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for series in all_series:
            for point in series.points:
                writer.writerow({key: _cell(value) for key, value in row(series, point).items()})


def _cell(value):
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return value


def _known(value):
    """JSON has no NaN and no infinity: null."""
    return float(value) if value is not None and math.isfinite(value) else None


def _estimate(estimate):
    return {"value": _known(estimate.value), "low": _known(estimate.low), "high": _known(estimate.high)}


def write_summary(path, study, all_series, ladders, attributions, sentences):
    """Everything that the report prints as a number of its own."""
    summary = {
        "schema": SCHEMA, "schema_version": VERSION, "name": study.name, "case": study.case, "scaling": study.scaling,
        "runs": len(study.runs), "runs_drawn": len(study.drawn), "sentences": sentences,
        "series": [{"labels": series.labels, "case": series.case, "scaling": series.scaling, "network": series.network,
                    "clock": series.clock,
                    "serial_fraction": _estimate(series.serial_fraction[0]) if series.serial_fraction else None,
                    "points": [_point(point) for point in series.points]} for series in all_series],
        "tolerance": [{"variable": ladder.variable.name, "unit": ladder.variable.unit, "series": ladder.others,
                       "ranks": ladder.ranks, "top": ladder.top,
                       "slower": {f"{level:g}": _estimate(found) | {"reached": math.isfinite(found.value)}
                                  for level, found in ladder.tolerances.items()}} for ladder in ladders],
        "attribution": [{"series": one.others, "ranks": one.ranks, "divided": one.divided, "loss": _estimate(one.loss),
                         "parts": {name: _estimate(share) for name, share in one.shares.items()}} for one in attributions],
        "not_drawn": [{"id": run.id, "state": run.state, "reason": run.reason} for run in study.missing]}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(summary, file, indent=1, ensure_ascii=False, allow_nan=False)
        file.write("\n")


def _point(point):
    return {"ranks": point.ranks, "repeats": point.repeats, "steps": len(point.step_times),
            "step_seconds": _estimate(point.time) | {"unit_of_interval": point.time.unit, "units": point.time.units,
                                                     "repeats_differ": point.time.repeats_differ},
            "percentiles": {f"{100 * p:g}": _estimate(tail) for p, tail in point.tails.items()},
            "speedup": _estimate(point.speedup), "efficiency": _estimate(point.efficiency),
            "load_balance": _known(point.pop.load_balance), "serialization": _known(point.pop.serialization),
            "transfer": _known(point.pop.transfer)}
