# SPDX-License-Identifier: BSD-3-Clause
"""What costs the efficiency: from twins of a run in which ingredients of the network were switched off.

The loss is the time of a step in which a rank does not compute, as a share of the step. For a set of runs with everything:
  load imbalance   greatest computing of a rank less the mean one
  serialization    the time on a network that takes no time, less that greatest computing
  network          the rest of the time, which the twins divide
Ingredients of which every combination has been run get their Shapley values, which add up: the mean, over all orders, of what
switching one off saves. Any other ingredient gets what switching it off alone saves. The part of the loss that is then left
over is "not told apart". Times are those of the whole run over its steps, since only these add up. Intervals come from draws of
the twins' means, which are taken for independent.
"""
import itertools
import math
from dataclasses import dataclass

import numpy as np

from . import statistics

NAMES = {"latency": "latency", "bandwidth": "bandwidth", "jitter": "jitter", "noise": "CPU noise"}
UNTOLD, REST = "not told apart", "rest of the network"
ORDER = ("load imbalance", "serialization", "latency", "bandwidth", "jitter", "CPU noise", UNTOLD)  # then what is left


@dataclass
class Attribution:
    others: str        # labels of all other variables
    ranks: int
    shares: dict       # part -> estimate, of the step with everything; in their order
    loss: object       # estimate: all of it
    divided: str       # "Shapley", where two or more were combined, or "one at a time"
    points: list
    step: float        # [s] of the run with everything


def _times(point):
    """Mean computing, greatest computing, ideal time and time of a step [s], from whole runs; the first three may be None."""
    steps = point.steps
    elapsed = float(np.mean([one.elapsed_of_rank.max() for one in steps]))
    if any(one.compute_of_rank is None for one in steps):
        return None, None, None, elapsed
    return (float(np.mean([one.compute_of_rank.mean() for one in steps])),
            float(np.mean([one.compute_of_rank.max() for one in steps])),
            float(np.mean([one.ideal_of_rank.max() for one in steps])), elapsed)


def _drawn(point, rng):
    """Draws of the time of a step, from the spread of the ranks' average."""
    estimate = statistics.mean([one.average for one in point.steps])
    if not np.isfinite(estimate.low):
        return np.full(statistics.DRAWS, np.nan)
    return _times(point)[3] * estimate.draws(rng) / estimate.value


def _saved(times, ingredient, ingredients):
    """The time that switching the ingredient off saves: Shapley's mean where all combinations are there, else by itself."""
    rest = [other for other in ingredients if other != ingredient]
    total, n = 0.0, len(ingredients)
    for size in range(n):
        for off in itertools.combinations(rest, size):
            weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            total = total + weight * (times[frozenset(off)] - times[frozenset(off) | {ingredient}])
    return total


def _combinations(ingredients):
    return [frozenset(c) for size in range(len(ingredients) + 1) for c in itertools.combinations(ingredients, size)]


def _all_combined(twins, ingredients):
    """The most ingredients of which every combination has been run."""
    return next(list(largest) for largest in sorted(_combinations(ingredients), key=len, reverse=True)
                if all(off in twins for off in _combinations(largest)))


def _place(item):
    return ORDER.index(item[0]) if item[0] in ORDER else len(ORDER)


def attribute(twins, others, ranks):
    """From {set of what is off: point}, which holds the empty set."""
    whole, none = twins[frozenset()], frozenset()
    ingredients = sorted({one for off in twins for one in off if frozenset({one}) in twins}, key=list(NAMES).index)
    fair = _all_combined(twins, ingredients)
    used = _combinations(fair) + [frozenset({one}) for one in ingredients if one not in fair]
    complete = len(fair) == len(ingredients)
    rng = np.random.default_rng([1, ranks])
    value = {off: _times(twins[off])[3] for off in used}
    drawn = {off: _drawn(twins[off], rng) for off in used}

    def parts(times):
        return {NAMES[one]: _saved(times, one, fair) if one in fair else times[none] - times[frozenset({one})]
                for one in ingredients}

    of_value, of_draws = parts(value), parts(drawn)
    compute, largest, ideal, elapsed = _times(whole)
    shares = {}
    for name, saved in of_value.items():
        shares[name] = statistics.from_draws(saved / elapsed, of_draws[name] / drawn[none])
    if compute is not None:
        shares["load imbalance"] = statistics.from_draws((largest - compute) / elapsed, (largest - compute) / drawn[none])
        shares["serialization"] = statistics.from_draws((ideal - largest) / elapsed, (ideal - largest) / drawn[none])
        rest, rest_drawn = elapsed - ideal - sum(of_value.values()), drawn[none] - ideal - sum(of_draws.values())
        # With all combinations, what remains is what was never switched off.
        name = (" and ".join(NAMES[one] for one in NAMES if one not in ingredients) or REST) if complete else UNTOLD
        shares[name] = statistics.from_draws(rest / elapsed, rest_drawn / drawn[none])
        loss = statistics.from_draws(1 - compute / elapsed, 1 - compute / drawn[none])
    else:
        loss = statistics.from_draws(sum(of_value.values()) / elapsed, sum(of_draws.values()) / drawn[none])
    return Attribution(others, ranks, dict(sorted(shares.items(), key=_place)), loss,
                       "Shapley" if len(fair) > 1 else "one at a time", [twins[off] for off in used], elapsed)


def attributions_of(study, all_series):
    """Every set of twins that has the run with everything and at least one without something."""
    found = []
    for variable in (v for v in study.variables if v.is_attribution):
        groups = {}
        for series in all_series:
            off = variable.without[series.labels[variable.name]]
            others = " / ".join(label for name, label in series.labels.items() if name != variable.name)
            for point in series.points:
                groups.setdefault((others, point.ranks), {})[off] = point
        for (others, ranks), twins in groups.items():
            if frozenset() in twins and any(len(off) == 1 for off in twins):
                found.append(attribute(twins, others, ranks))
    return found
