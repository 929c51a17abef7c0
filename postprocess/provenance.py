# SPDX-License-Identifier: BSD-3-Clause
"""Where the numbers of a report come from: the machines, and the versions and settings of the runs."""
import collections

FACTS = ("haloscope_version", "git_commit", "compiler", "compiler_flags", "mpi_library", "petsc_version", "hdf5_version", "clock",
         "compute", "compute_model", "seed", "network_seed", "ranks_per_node", "exact", "cells")
MOST = 8  # values of one fact


def machine(study):
    """{fact: number of runs by value}, {warning: number of runs}, and the hosts."""
    facts, warnings = {}, collections.Counter()
    for run in study.drawn:
        for key, value in run.file.machine.items():
            facts.setdefault(key.replace("_", " "), collections.Counter())[value] += 1
        warnings.update(dict.fromkeys(run.file.get("warnings", []), 1))
    hosts = list(dict.fromkeys(host for run in study.drawn for host in run.file.hosts))
    return facts, warnings, hosts


def provenance(study):
    """[(what, values)]: each value once."""
    times = sorted(run.file.get("created_utc") for run in study.drawn)
    found = [("runs made", [f"{times[0]} to {times[-1]}" if len(times) > 1 else times[0]])]
    for key in FACTS:
        values = _values(study, key)
        if values:
            found.append((key.replace("_", " "), values if len(values) <= MOST else values[:MOST] + [f"… {len(values)} in all"]))
    return found


def _values(study, key):
    values = [str(run.file.get(key)) for run in study.drawn if run.file.get(key, None) is not None]
    if key == "mpi_library":  # without the network's own signature, which the networks' section has
        values = [value.split(" +interconnect")[0] for value in values]
    return [value for value in dict.fromkeys(values) if value]
