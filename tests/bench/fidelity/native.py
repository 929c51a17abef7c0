# SPDX-License-Identifier: BSD-3-Clause
"""The solver in virtual time on the network that a probe found here, beside the same run without the library's clocks."""
import os
import statistics
import tomllib
from pathlib import Path

import h5py
import numpy

from real import need_quiet_cores
from report import Skip, launch, spread


def step_times(path):
    """Of the slowest rank, after warm-up [s]."""
    with h5py.File(path) as file:
        return file["timing/step_seconds"][:].max(axis=1)[int(file.attrs.get("warmup_steps", 3)):]


def solver(report, asked):
    if len(os.sched_getaffinity(0)) < asked.ranks:
        raise Skip(f"needs {asked.ranks} cores")
    need_quiet_cores(report, asked, asked.ranks)
    haloscope = asked.build / "haloscope"
    seconds, pairs = ("3", 2) if asked.quick else ("6", asked.repeats or 7)
    for case, steps, cells in (("cavity_3d", 60, "48,48,48"), ("cavity_3d", 300, "24,24,24")):
        if asked.quick:
            steps //= 5
        run = [haloscope, "run", case, "--steps", str(steps), "--set", f"grid.cells=[{cells}]", "--set", "expect=[]", "--force"]
        ratios, times, trips = [], {"native": [], "virtual": []}, []
        for pair in range(pairs):
            # Anew each time: where a hypervisor puts the cores changes, and the latency between them with it.
            launch(asked.ranks, [haloscope, "probe", "--seconds", seconds, "--write-profile", "here.toml", "--force"])
            trips.append(tomllib.loads(Path("here.toml").read_text(encoding="utf-8"))["within_node"]["half_round_trip_us"])
            for clock in ("native", "virtual") if pair % 2 == 0 else ("virtual", "native"):
                network = [] if clock == "native" else ["--network", "here.toml", "--ranks-per-node", str(asked.ranks)]
                launch(asked.ranks, [*run, "--output", f"{clock}.h5", *network])
                times[clock].append(float(numpy.median(step_times(f"{clock}.h5"))))
            ratios.append(times["virtual"][-1] / times["native"][-1])
        report.line(f"{case} {cells}, {asked.ranks} ranks, {pairs} probes each with a pair of runs: half round trip "
                    f"{spread(trips, 3)} us")
        for clock, found in times.items():
            report.line(f"  median step {clock:8} {spread([1e3 * t for t in found], 3)} ms")
        report.line(f"  ratio {spread(ratios, 3)}: " + " ".join(f"{ratio:.3f}" for ratio in ratios))
        report.target("virtual over native", abs(statistics.median(ratios) - 1) <= 0.05, "1 +- 0.05")
