#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints a hash of what each shipped case computes. A change that must not alter any result leaves this output as it was.

usage: tests/fingerprint.py [--program build/release/haloscope] [--only NAME] >FILE

One line a run: case, ranks, network, hash. Without a network the hash covers the solution: every /solver and /profiles data
set and every check, on 1, 2 and 3 ranks. On four networks, 8 virtual ranks with announced computing, it covers the times too:
all of /timing, and the network's canonical text. Grids and particles are cut down so that all of it takes some minutes. The
bits belong to the machine and its compiler, so the output of one machine says nothing about another."""
import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy

SOURCE = Path(__file__).resolve().parents[1]
NETWORKS = ["ideal", "ib-edr-sriov-azure-hc44rs-day", "efa-aws-hpc6a-parallelcluster", "tcp-ena-aws-c5-18xlarge"]
ATTRIBUTES = ["effective_case", "network_profile", "network_hash", "network_seed", "without", "compute", "exact", "inexact_calls",
              "free_calls", "steps_completed"]
SMALLER = {
    "flow": ["run.steps=3"],
    "poisson": ["run.steps=3"],
    "exchange": ["run.steps=3", "exchange.repeats=5"],
    "transport": ["run.steps=3", "transport.particles=20000"],
    "option": ["run.steps=3", "option.paths=20000"],
    "allreduce": ["run.steps=3", "allreduce.parameters=100000"],
}


def settings_of(case):
    """What cuts the case down, and drops the expectations that then cannot hold."""
    text = case.read_text()
    problem = next(line.split('"')[1] for line in text.splitlines() if line.startswith("problem"))
    settings = ["expect=[]", *SMALLER[problem]]
    if "inactive_steps" in text:
        settings.append("transport.inactive_steps=1")
    return [word for setting in settings for word in ("--set", setting)]


def hash_of(path, with_times):
    found = hashlib.sha256()

    def take(name, item):
        wanted = name.startswith(("solver/", "profiles/", "expect/")) or (with_times and name.startswith("timing/"))
        measured = "seconds" in name and not with_times  # the sweep's own times
        if wanted and not measured and isinstance(item, h5py.Dataset):
            value = item[()]
            found.update(name.encode())
            found.update(str(value.tolist()).encode() if value.dtype == object else value.tobytes())

    with h5py.File(path) as file:
        for name in ATTRIBUTES:
            if name in file.attrs:
                found.update(f"{name}={numpy.asarray(file.attrs[name]).astype(str)}".encode())
        file.visititems(take)
    return found.hexdigest()[:16]


def run(program, case, ranks, network, folder):
    output = folder / "run.h5"
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1", "-n", str(ranks), program,
               "run", str(case), "--force", "--output", str(output), *settings_of(case)]
    if network:
        command += ["--network", network, "--compute", "model", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr.splitlines()[:1]}"
    return hash_of(output, bool(network))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=str(SOURCE / "build/release/haloscope"))
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    asked = parser.parse_args()
    os.environ.update({"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OPENBLAS_NUM_THREADS": "1"})
    cases = [case for case in sorted((SOURCE / "cases").glob("*.toml")) if asked.only in case.stem]
    if not cases:
        sys.exit(f"--only: {asked.only}: no case has this in its name")
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            for ranks, network in [(1, ""), (2, ""), (3, ""), *((8, network) for network in NETWORKS)]:
                print(case.stem, ranks, network or "native", run(asked.program, case, ranks, network, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
