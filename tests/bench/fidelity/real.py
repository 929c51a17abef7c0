# SPDX-License-Identifier: BSD-3-Clause
"""Real time: do delays and noise show on the wall clock as the profile says?"""
import os
import statistics
import subprocess

import h5py
import numpy

from report import ROOT, Skip, launch, rows, spread

SYNTHETIC = ROOT / "cases/networks/synthetic.toml"
# What is left of the parametric profile is one number: L = half_round_trip_us. within_node is the path of two ranks here, too.
LATENCY = "\n".join(f"{path}.{key}" for path in ("between_nodes", "within_node")
                    for key in ("half_round_trip_us={us}", "overhead_us=0", "gap_us=0", "bandwidth_GBps=inf",
                                "eager_limit_bytes=1000000000"))
NOISE = "detours.rate_per_s=100\ndetours.duration_us=100"
MOST_LOST = 0.05  # of a core's time: beyond it somebody else computes there


def program(asked, name):
    source, binary = ROOT / f"tests/bench/fidelity/{name}.c", asked.scratch / name
    if not binary.exists():
        subprocess.run(["mpicc", "-O2", source, "-o", binary], check=True)
    return binary


def need_quiet_cores(report, asked, ranks=2):
    """Ranks that read the clock for a second, five times if need be. @raises Skip"""
    if len(os.sched_getaffinity(0)) < ranks:
        raise Skip(f"needs {ranks} cores")
    lost = 1.0
    for _ in range(5):
        lost = min(lost, float(launch(ranks, [program(asked, "delays"), "quiet", "1"])[0]))
        if lost <= MOST_LOST:
            break
    report.line(f"quiet?    {100 * lost:.2f} % of a core's time goes to interruptions longer than 10 us")
    if lost > MOST_LOST:
        raise Skip(f"no {ranks} quiet cores: more than {100 * MOST_LOST:.0f} % is lost")


def library(asked, network, **more):
    return {"LD_PRELOAD": asked.build / "libhaloscope-interconnect.so", "HALOSCOPE_NETWORK": network, "HALOSCOPE_CLOCK": "real",
            **more}


def delays(report, asked):
    """Half round trips on 10 us, six at once on 10 us, and what the ideal network adds to the machine's own."""
    need_quiet_cores(report, asked)
    blocks = "3" if asked.quick else "25"
    ten = library(asked, SYNTHETIC, HALOSCOPE_NETWORK_SET=LATENCY.format(us=10), HALOSCOPE_WITHOUT="jitter")
    ideal = library(asked, ROOT / "cases/networks/ideal.toml")
    report.line(f"{'[us], median (least - most) of ' + blocks + ' blocks':44} {'modelled':>26} {'native':>24}")

    def row(name, variables, what):
        modelled, own = rows(launch(2, [program(asked, "delays"), what, blocks], **variables)[0])
        report.line(f"{name:44} {spread(modelled, 3):>26} {spread(own, 3):>24}")
        return modelled, own

    one, _ = row("one message, 10 us", ten, "ping-pong")
    six, _ = row("six messages at once, 10 us", ten, "six")
    none, own = row("one message, ideal", ideal, "ping-pong")
    row("six messages at once, ideal", ideal, "six")
    added = [a - b for a, b in zip(none, own)]
    report.line(f"ideal adds {spread(added, 3)} us to a message")
    report.target("one message", abs(statistics.median(one) - 10) <= 0.2, "10.0 +- 0.2 us")
    report.target("six messages at once", abs(statistics.median(six) - 10) <= 0.5, "10 +- 0.5 us")
    report.target("ideal adds", statistics.median(added) <= 0.3, "at most 0.3 us")


def noise(report, asked):
    """100 Hz x 100 us: found by the probe, in virtual and in real time; and how much longer computing takes."""
    seconds = "3" if asked.quick else "10"

    def probe(clock, **variables):
        """Detours of 90 to 130 us on all ranks: so many a second of a rank, and their median duration [us]."""
        file = f"noise-{clock}.h5"
        launch(2, [asked.build / "haloscope", "probe", "--seconds", seconds, "--output", file], **variables)
        with h5py.File(file) as probed:
            lengths = 1e6 * probed["detours/pooled/duration_seconds"][:]
            lengths = lengths[(lengths > 90) & (lengths < 130)]
            return len(lengths) / probed["detours/observed_seconds"][:].sum(), float(numpy.median(lengths)) if len(lengths) else 0

    def row(clock, own, rate, length):
        report.line(f"{clock:8}  {rate:.1f} Hz x {length:.1f} us" +
                    (f"; the machine itself {own:.1f} Hz, taken off" if own else ""))
        report.target(clock, abs(rate - own - 100) <= 5 and abs(length - 100) <= 10, "100 +- 5 Hz, 100 +- 10 us")

    noisy = {"HALOSCOPE_NETWORK": SYNTHETIC, "HALOSCOPE_NETWORK_SET": NOISE}
    row("virtual", 0, *probe("virtual", HALOSCOPE_COMPUTE="announced", **noisy))
    need_quiet_cores(report, asked)
    own, _ = probe("native")
    row("real", own, *probe("real", HALOSCOPE_CLOCK="real", **noisy))
    blocks = "5" if asked.quick else "40"
    (slower,) = rows(launch(2, [program(asked, "delays"), "stretch", blocks],
                            **library(asked, SYNTHETIC, HALOSCOPE_NETWORK_SET=NOISE))[0])
    report.line(f"computing takes {spread(slower, 3)} % longer, {blocks} pairs of 0.5 s of rank 0's CPU time")
    report.target("computing", abs(statistics.median(slower) - 1) <= 0.1, "1 +- 0.1 % longer")
