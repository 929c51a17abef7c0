# SPDX-License-Identifier: BSD-3-Clause
"""Runs in virtual time: with announced computing the same to the bit whatever the machine does meanwhile, on the ideal network
what the twin of any other says, and the same solution as without a network."""
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy

from haloscope_program import VORTEX, Checks, Folder, run

RANKS = 4
CASE = VORTEX.replace("steps = 40", "steps = 8").replace("tolerance = 0.01", "tolerance = 1.0")
TCP = ["--network", "tcp-oci-vm", "--compute", "model"]
PROVENANCE = {"created_utc", "command_line", "warnings"}  # of two equal runs, what may differ


def virtual(check, output, *arguments, ranks=RANKS):
    status, out, err = run(["run", "vortex.toml", "--output", output, *arguments], ranks)
    check.equal(status, 0, f"{output}: exit code ({err!r})")
    return out


@contextmanager
def busy():
    """A loop without end on every core."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count())]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def data_of(path):
    """Every data set and attribute but those of the machine, as bytes."""
    found = {}
    with h5py.File(path) as file:
        for name, value in file.attrs.items():
            if name not in PROVENANCE:
                found[f"attribute {name}"] = numpy.asarray(value).astype(str).tobytes()

        def take(name, item):
            if isinstance(item, h5py.Dataset) and not name.startswith("machine/"):
                value = item[()]
                found[name] = str(value.tolist()).encode() if value.dtype == object else value.tobytes()

        file.visititems(take)
    return found


def check_repeats(check):
    virtual(check, "quiet.h5", *TCP, "--seed", "7")
    with busy():
        virtual(check, "loaded.h5", *TCP, "--seed", "7")
    quiet, loaded = data_of("quiet.h5"), data_of("loaded.h5")
    check.equal(sorted(quiet), sorted(loaded), "under load: what is in the file")
    check(len(quiet) > 40, f"under load: {len(quiet)} things are compared")
    differing = [name for name in quiet if quiet[name] != loaded.get(name)]
    check.equal(differing, [], "under load: what differs")
    virtual(check, "seed.h5", *TCP, "--seed", "8")
    other = data_of("seed.h5")
    check(other["timing/step_seconds"] != quiet["timing/step_seconds"], "another seed: other times")
    check.equal(other["timing/ideal_seconds"], quiet["timing/ideal_seconds"], "another seed: the ideal twin")
    check.equal(other["solver/residual"], quiet["solver/residual"], "another seed: the same solution")


def picoseconds(values):
    return numpy.rint(values * 1e12).astype(numpy.int64)


def check_twin(check):
    """The ideal network, run itself, is the twin that every other run carries along, to the picosecond."""
    virtual(check, "ideal.h5", "--network", "ideal", "--compute", "model")
    with h5py.File("quiet.h5") as tcp, h5py.File("ideal.h5") as ideal:
        check.equal((int(tcp.attrs["exact"]), int(ideal.attrs["exact"])), (1, 1), "twin: exact")
        twin, itself = tcp["timing/ideal_seconds"][:], ideal["timing/phase_seconds"][:]
        check(bool((picoseconds(twin) == picoseconds(itself)).all()), "twin: every phase of every step of every rank")
        check(bool((picoseconds(twin.sum(axis=2)) == picoseconds(ideal["timing/step_seconds"][:])).all()), "twin: every step")
        check.equal(tcp["timing/compute_seconds"][:].tobytes(), ideal["timing/compute_seconds"][:].tobytes(), "twin: computing")
        check(tcp["timing/step_seconds"][:].min() > itself.sum(axis=2).max(), "the network takes time")


def check_solution(check):
    """Two ranks sum in one order, so no network, clock or delay may change a bit of the solution."""
    virtual(check, "record.h5", ranks=2)
    virtual(check, "virtual.h5", *TCP, ranks=2)
    with h5py.File("record.h5") as record, h5py.File("virtual.h5") as modelled:
        for name in record["solver"]:
            check.equal(modelled["solver"][name][:].tobytes(), record["solver"][name][:].tobytes(), f"/solver/{name} on 2 ranks")
        check("ideal_seconds" not in record["timing"] and "network_hash" not in record.attrs, "a native run has no network")


def check_account(check):
    """What the file says of the network, and that the losses on the screen are those of the file."""
    out = virtual(check, "account.h5", *TCP, "--ranks-per-node", "2", "--without", "noise", "--seed", "5")
    status, shown, err = run(["show", "account.h5"])
    check.equal((status, err), (0, ""), "show")
    check.equal(shown, out, "show prints what run printed")
    with h5py.File("account.h5") as file:
        has = dict(file.attrs)
        wanted = {"network": "tcp-oci-vm", "clock": "virtual", "without": "noise", "compute": "announced", "network_seed": 5,
                  "seed": 5, "ranks_per_node": 2, "nodes": 2, "compute_model": "epyc-zen4", "inexact_calls": ""}
        for name, value in wanted.items():
            check.equal(has.get(name), value, f"attribute {name}")
        check("seconds_per_GB" in has["compute_calibration"], "the calibration is in the file")
        check(f"network=tcp-oci-vm hash={has['network_hash']} seed=5" in has["mpi_library"], f"signature {has['mpi_library']!r}")
        check(not any(text.startswith(("more ranks", "unbound")) for text in has["warnings"]), f"warnings {has['warnings']}")
        Path("again.toml").write_text(has["network_profile"])
        compute = file["timing/compute_seconds"][2:].sum(axis=(0, 2))
        elapsed = file["timing/step_seconds"][2:].sum(axis=0)
    efficiency = re.search(r"= parallel efficiency +([\d.]+) %", out)
    check(efficiency is not None, f"efficiency in {out!r}")
    wanted = 100 * compute.mean() / elapsed.max()
    check(abs(float(efficiency[1]) - wanted) <= 0.051, f"parallel efficiency {efficiency[1]} %, from the file {wanted:.3f} %")
    virtual(check, "again.h5", "--network", "again.toml", "--steps", "1")
    with h5py.File("again.h5") as file:
        check.equal(file.attrs["network_hash"], has["network_hash"], "the profile in the file is the one that was used")
        check.equal(file.attrs["compute"], "cpu", "computing is measured unless a model is asked for")
        check(bool((file["timing/compute_seconds"][:].sum(axis=2) > 0).all()), "computing took CPU time")


def check_calibration(check):
    """What a calibration writes can be run with; another never overwrites it unasked."""
    status, _, err = run(["run", "vortex.toml", "--calibrate", "here.toml", "--output", "calibration.h5"], 2)
    check.equal(status, 0, f"calibrate: exit code ({err!r})")
    virtual(check, "calibrated.h5", "--network", "ideal", "--compute", "here.toml")
    with h5py.File("calibrated.h5") as file:
        check.equal(file.attrs["compute_model"], "here", "name of the model")
        check.equal(file.attrs["compute_calibration"], Path("here.toml").read_text(), "text of the model")


def main():
    check = Checks()
    with Folder():
        Path("vortex.toml").write_text(CASE)
        check_repeats(check)
        check_twin(check)
        check_solution(check)
        check_account(check)
        check_calibration(check)
    check.end()


main()
