# SPDX-License-Identifier: BSD-3-Clause
"""Runs in virtual time. With announced computing they repeat to the bit, whatever else the machine does. On the ideal network they
take the time that the twin of any other run says. Their solution is that of a run without a network."""
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy

from haloscope_program import VORTEX, ProgramTest, main, run

RANKS = 4
CASE = VORTEX.replace("steps = 40", "steps = 8").replace("tolerance = 0.01", "tolerance = 1.0")
TCP = ["--network", "tcp-oci-vm", "--compute", "model"]
PROVENANCE = {"created_utc", "command_line", "warnings"}  # of two equal runs, what may differ


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


def picoseconds(values):
    return numpy.rint(values * 1e12).astype(numpy.int64)


class VirtualRun(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Path("vortex.toml").write_text(CASE)
        cls.quiet = run(["run", "vortex.toml", "--output", "quiet.h5", *TCP, "--seed", "7"], RANKS)

    def virtual(self, output, *arguments, ranks=RANKS):
        status, out, err = run(["run", "vortex.toml", "--output", output, *arguments], ranks)
        self.assertEqual(status, 0, f"{output}: exit code ({err!r})")
        return out

    def test_repeats(self):
        self.assertEqual(self.quiet[0], 0, f"quiet.h5: exit code ({self.quiet[2]!r})")
        with busy():
            self.virtual("loaded.h5", *TCP, "--seed", "7")
        quiet, loaded = data_of("quiet.h5"), data_of("loaded.h5")
        self.assertEqual(sorted(quiet), sorted(loaded), "under load: what is in the file")
        self.assertTrue(len(quiet) > 40, f"under load: {len(quiet)} things are compared")
        differing = [name for name in quiet if quiet[name] != loaded.get(name)]
        self.assertEqual(differing, [], "under load: what differs")
        self.virtual("seed.h5", *TCP, "--seed", "8")
        other = data_of("seed.h5")
        self.assertTrue(other["timing/step_seconds"] != quiet["timing/step_seconds"], "another seed: other times")
        self.assertEqual(other["timing/ideal_seconds"], quiet["timing/ideal_seconds"], "another seed: the ideal twin")
        self.assertEqual(other["solver/residual"], quiet["solver/residual"], "another seed: the same solution")

    def test_twin(self):
        """A run on the ideal network takes the time of the twin that every other run carries along, to the picosecond."""
        self.virtual("ideal.h5", "--network", "ideal", "--compute", "model")
        with h5py.File("quiet.h5") as tcp, h5py.File("ideal.h5") as ideal:
            self.assertEqual((int(tcp.attrs["exact"]), int(ideal.attrs["exact"])), (1, 1), "twin: exact")
            twin, itself = tcp["timing/ideal_seconds"][:], ideal["timing/phase_seconds"][:]
            self.assertTrue((picoseconds(twin) == picoseconds(itself)).all(), "twin: every phase of every step of every rank")
            self.assertTrue((picoseconds(twin.sum(axis=2)) == picoseconds(ideal["timing/step_seconds"][:])).all(),
                            "twin: every step")
            self.assertEqual(tcp["timing/compute_seconds"][:].tobytes(), ideal["timing/compute_seconds"][:].tobytes(),
                             "twin: computing")
            self.assertTrue(tcp["timing/step_seconds"][:].min() > itself.sum(axis=2).max(), "the network takes time")

    def test_solution(self):
        """Two ranks sum in one order, so no network, clock or delay may change a bit of the solution."""
        self.virtual("record.h5", ranks=2)
        self.virtual("virtual.h5", *TCP, ranks=2)
        with h5py.File("record.h5") as record, h5py.File("virtual.h5") as modelled:
            for name in record["solver"]:
                self.assertEqual(modelled["solver"][name][:].tobytes(), record["solver"][name][:].tobytes(),
                                 f"/solver/{name} on 2 ranks")
            self.assertTrue("ideal_seconds" not in record["timing"] and "network_hash" not in record.attrs,
                            "a native run has no network")

    def test_account(self):
        """The file describes the network, and the losses on the screen are those of the file."""
        out = self.virtual("account.h5", *TCP, "--ranks-per-node", "2", "--without", "noise", "--seed", "5")
        status, shown, err = run(["show", "account.h5"])
        self.assertEqual((status, err), (0, ""), "show")
        self.assertEqual(shown, out, "show prints what run printed")
        with h5py.File("account.h5") as file:
            has = dict(file.attrs)
            wanted = {"network": "tcp-oci-vm", "clock": "virtual", "without": "noise", "compute": "announced", "network_seed": 5,
                      "seed": 5, "ranks_per_node": 2, "nodes": 2, "compute_model": "epyc-zen4", "inexact_calls": ""}
            for name, value in wanted.items():
                self.assertEqual(has.get(name), value, f"attribute {name}")
            self.assertIn("seconds_per_GB", has["compute_calibration"], "the calibration is in the file")
            self.assertIn(f"network=tcp-oci-vm hash={has['network_hash']} seed=5", has["mpi_library"],
                          f"signature {has['mpi_library']!r}")
            self.assertTrue(not any(text.startswith(("more ranks", "unbound")) for text in has["warnings"]),
                            f"warnings {has['warnings']}")
            Path("again.toml").write_text(has["network_profile"])
            compute = file["timing/compute_seconds"][2:].sum(axis=(0, 2))
            elapsed = file["timing/step_seconds"][2:].sum(axis=0)
        efficiency = re.search(r"= parallel efficiency +([\d.]+) %", out)
        self.assertTrue(efficiency is not None, f"efficiency in {out!r}")
        wanted = 100 * compute.mean() / elapsed.max()
        self.assertTrue(abs(float(efficiency[1]) - wanted) <= 0.051,
                        f"parallel efficiency {efficiency[1]} %, from the file {wanted:.3f} %")
        self.virtual("again.h5", "--network", "again.toml", "--steps", "1")
        with h5py.File("again.h5") as file:
            self.assertEqual(file.attrs["network_hash"], has["network_hash"], "the profile in the file is the one that was used")
            self.assertEqual(file.attrs["compute"], "cpu", "computing is measured unless a model is asked for")
            self.assertTrue((file["timing/compute_seconds"][:].sum(axis=2) > 0).all(), "computing took CPU time")

    def test_calibration(self):
        """A run takes the model that a calibration wrote."""
        status, _, err = run(["run", "vortex.toml", "--calibrate", "here.toml", "--output", "calibration.h5"], 2)
        self.assertEqual(status, 0, f"calibrate: exit code ({err!r})")
        self.virtual("calibrated.h5", "--network", "ideal", "--compute", "here.toml")
        with h5py.File("calibrated.h5") as file:
            self.assertEqual(file.attrs["compute_model"], "here", "name of the model")
            self.assertEqual(file.attrs["compute_calibration"], Path("here.toml").read_text(), "text of the model")


if __name__ == "__main__":
    main()
