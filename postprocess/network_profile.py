# SPDX-License-Identifier: BSD-3-Clause
"""The half round trips that a profile promises, from the text that a run file keeps of it (cases/README.md, Networks)."""
import itertools
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass
class NetworkProfile:
    label: str
    about: dict
    between: dict
    detours: dict

    @property
    def median(self):
        """[us]"""
        return self.between["half_round_trip_us"]

    def quantile(self, p):
        """Half round trip [us] that the share p does not exceed: linear in p up to 0.9, in -ln(1 - p) beyond."""
        p = np.asarray(p, float)
        jitter = self.between.get("jitter")
        if jitter:
            known = np.minimum(np.array(jitter["p"]), 1 - 0.5 / jitter.get("samples", 1e12))
            stretched = np.where(known > 0.9, 0.9 - np.log((1 - known) / 0.1) * 0.1, known)
            return np.interp(np.where(p > 0.9, 0.9 - np.log(np.maximum(1 - p, 1e-15) / 0.1) * 0.1, p), stretched, jitter["us"])
        spread = self.between.get("spread", {})
        if spread.get("kind", "none") == "none":
            return np.full(p.shape, self.median)
        least = spread.get("minimum_over_median", 0.9)
        q = (spread.get("p99_over_median", 1.5) - least) / (1 - least)
        p = np.clip(p, 1e-12, 1 - 0.5 / spread.get("samples", 1000000))
        if spread["kind"] == "lognormal":
            law = np.exp(np.log(q) / 2.326 * stats.norm.ppf(p))
        else:
            law = (2 * (1 - p)) ** (-np.log(q) / np.log(50))
        return self.median * (least + (1 - least) * law)

    @property
    def samples(self):
        return (self.between.get("jitter") or self.between.get("spread") or {}).get("samples", 1000000)

    @property
    def bandwidth(self):
        """[GB/s]"""
        return self.between.get("bandwidth_GBps", np.nan)


def profiles_of(study):
    """Each profile of the study's runs once, under the shortest choice of labels that tells all of them apart."""
    found, runs = {}, {}
    for run in study.drawn:
        tree = run.file.network_profile
        if tree:
            key = run.file.get("network_hash") or run.file.get("network_profile")
            found.setdefault(key, tree)
            runs.setdefault(key, []).append(run)
    labels = {key: tree["about"]["name"] for key, tree in found.items()}
    names = [variable.name for variable in study.variables]
    for chosen in [*itertools.combinations(names, 1), *itertools.combinations(names, 2)]:
        of_key = {key: {" / ".join(run.labels[name] for name in chosen) for run in runs[key]} for key in found}
        if all(len(one) == 1 for one in of_key.values()) and len(set.union(set(), *of_key.values())) == len(found):
            labels = {key: next(iter(one)) for key, one in of_key.items()}
            break
    return [NetworkProfile(labels[key], tree["about"], tree["between_nodes"], tree.get("detours", {}))
            for key, tree in found.items()]
