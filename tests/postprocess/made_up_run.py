# SPDX-License-Identifier: BSD-3-Clause
"""Writes run files (schema haloscope-run, version 1) whose answers are known, for the tests and the benchmark of the report."""
import json
import sys
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

PHASES = ("other", "halo", "momentum", "projection", "krylov", "stencil", "smoother", "coarse", "monitor")  # the program's own
SHARES = np.array([0.1, 0.3, 0.05, 0.05, 0.2, 0.05, 0.1, 0.1, 0.05])
PROFILE = """
[about]
name = "{name}"
evidence = "synthetic"
source = "made up"
caveat = ""
title = ""

[between_nodes]
half_round_trip_us = {latency}
bandwidth_GBps = 10.0

[between_nodes.jitter]
p = [0.0, 0.5, 0.9, 0.99, 1.0]
us = [{least}, {latency}, {high}, {higher}, {highest}]
samples = 100000
"""


def profile_text(name, latency):
    return PROFILE.format(name=name, latency=latency, least=0.9 * latency, high=1.2 * latency, higher=2 * latency,
                          highest=9 * latency)


def write_run(path, ranks, step_seconds, warmup=2, completed=None, schema="haloscope-run", version=1, valid=1, network="made-up",
              clock="virtual", latency=2.0, case="made_up", cells=(32, 32, 1), settings=None, compute_share=0.5, seed=1,
              without="", skewed=True):
    """`step_seconds` is (step): the last rank is the slowest, rank 0 takes half; or (step, rank). Of it the share of computing
    is outside MPI, and on a network that takes no time a step takes 1.1 times its computing."""
    times = np.asarray(step_seconds, float)
    if times.ndim == 1:
        times = np.outer(times, np.linspace(0.5, 1, ranks) if ranks > 1 and skewed else np.ones(ranks))
    steps = len(times)
    completed = steps if completed is None else completed
    phases = times[:, :, None] * SHARES
    compute = compute_share * phases if ranks > 1 else phases
    inside = (phases - compute) * (np.array(PHASES) == "halo")
    collective = phases - compute - inside
    effective = {"about": {"name": case, "problem": "flow"}, "grid": {"cells": list(cells)}, "run": {"steps": steps}}
    with h5py.File(path, "w") as file:
        file.attrs.update({
            "schema": schema, "schema_version": version, "valid": valid, "ranks": ranks, "warmup_steps": warmup, "nodes": ranks,
            "steps_completed": completed, "case_name": case, "case_text": "", "network": network if clock != "native" else "",
            "clock": clock, "effective_case": json.dumps(effective | (settings or {})), "command_line": f"haloscope run {case}",
            "created_utc": "2026-01-01T00:00:00Z", "haloscope_version": "0.1.0", "git_commit": "0123456789ab", "seed": seed,
            "ranks_per_node": 1, "compiler": "GNU", "mpi_library": "MPI", "without": without})
        for name, texts in (("warnings", []), ("invalid_reasons", [] if valid else ["a check failed"])):
            file.attrs.create(name, np.array(texts, dtype=object), dtype=h5py.string_dtype())
        if clock != "native":
            file.attrs["network_profile"] = profile_text(network, latency)
            file.attrs["network_hash"] = f"{network} {latency}"
            file.attrs["network_seed"] = seed
        timing = file.create_group("timing")
        sets = {"step_seconds": times, "step_start_seconds": np.cumsum(times, axis=0) - times, "phase_seconds": phases,
                "point_to_point_seconds": inside, "collective_seconds": collective}
        if clock == "virtual":
            sets |= {"compute_seconds": compute, "ideal_seconds": np.minimum(1.1 * compute, phases)}
        for name, values in sets.items():
            values = values.copy()
            values[completed:] = np.nan
            timing[name] = values
        timing["phase_seconds"].attrs.create("phases", np.array(PHASES, dtype=object), dtype=h5py.string_dtype())
        file["ranks/host"] = np.array([b"node%d" % (rank // 2) for rank in range(ranks)])
        machine = file.create_group("machine")
        machine.attrs.update({"cpu_model": "made up", "cores": "2", "mpi_transport": "none"})
