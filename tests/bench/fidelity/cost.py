# SPDX-License-Identifier: BSD-3-Clause
"""What virtual time costs on the wall: many ranks that take turns on a few cores, in steady state, and their memory."""
import math
import os
import statistics
import threading
import time
from pathlib import Path

import h5py

from report import Skip, launch, spread

PATIENCE = 3      # times the computing that the ranks do
MESSAGE = 5e-6    # [s] of wall time a message, on top
GIBIBYTES = 24    # for 256 ranks


def run_of(asked, case, steps, output, *more):
    return [asked.build / "haloscope", "run", case, "--steps", str(steps), "--set", "expect=[]", "--force", "--output", output,
            *more]


def account(path, ranks):
    """Of a step, after warm-up: CPU time of all ranks outside MPI [s], messages of the program, and of its collectives."""
    with h5py.File(path) as file:
        warm = int(file.attrs.get("warmup_steps", 3))
        steps = file["timing/step_seconds"].shape[0] - warm
        computing = float(file["timing/compute_seconds"][warm:].sum()) / steps
        messages = float(file["timing/messages"][warm:].sum()) / steps
        collectives = float(file["timing/collectives"][warm:].sum()) / steps
    # Each is an Allreduce of some sums: log2(P) messages of every rank.
    return computing, messages, collectives * math.log2(ranks)


def own_computing(path):
    """Of a native run: what the ranks' phases took outside MPI, of a step [s]."""
    with h5py.File(path) as file:
        warm = int(file.attrs.get("warmup_steps", 3))
        inside = file["timing/point_to_point_seconds"][warm:].sum() + file["timing/collective_seconds"][warm:].sum()
        return float(file["timing/phase_seconds"][warm:].sum() - inside) / (file["timing/step_seconds"].shape[0] - warm)


def steps(report, asked):
    """64 ranks: the wall time of a step is that of a long run less that of a short one."""
    ranks = 64
    pairs = 2 if asked.quick else asked.repeats or 5
    cores = len(os.sched_getaffinity(0))
    for case, short, more, size in (("cavity", 40, 400, []), ("cavity_3d", 10, 60, [])):
        if asked.quick:
            short, more = short // 4, more // 8
        wall = []
        network = ["--network", "ib-edr-deep-est", *size]
        for _ in range(pairs):
            brief = launch(ranks, run_of(asked, case, short, "short.h5", *network), bound=False)[1]
            longer = launch(ranks, run_of(asked, case, short + more, "long.h5", *network), bound=False)[1]
            wall.append((longer - brief) / more)
        computing, own, collective = account("long.h5", ranks)
        launch(min(2, cores), run_of(asked, case, short + more, "native.h5", *size), bound=cores >= 2)
        few = own_computing("native.h5")
        messages = own + collective
        bound = PATIENCE * few + MESSAGE * messages
        median = statistics.median(wall)
        report.line(f"{case}, {ranks} ranks on {cores} cores: a step takes {spread([1e3 * t for t in wall], 2)} ms of wall time, "
                    f"{pairs} pairs of runs")
        report.line(f"  its {own:.0f} messages and {collective:.0f} of collectives: {messages / median:.0f} a second of wall time, "
                    f"{1e6 * median / messages:.2f} us each")
        report.line(f"  computing: {1e3 * computing:.2f} ms by the CPU clocks of its ranks, {1e3 * few:.2f} ms of the same case on "
                    f"{min(2, cores)} native ranks; ({1e3 * median:.2f} ms - {PATIENCE} x {1e3 * few:.2f}) / messages = "
                    f"{1e6 * (median - PATIENCE * few) / messages:.2f} us")
        report.target("wall time of a step", median <= bound,
                      f"at most {PATIENCE} x native computing + 5 us a message = {1e3 * bound:.2f} ms")


def descendants(process):
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, open_ones = [], [process]
    while open_ones:
        one = open_ones.pop()
        found.append(one)
        open_ones += children.get(one, [])
    return found


def memory_of(process):
    """Proportional set size of a process and all it started: shared pages count once. [GiB]"""
    total = 0
    for one in descendants(process):
        try:
            for line in Path(f"/proc/{one}/smaps_rollup").read_text(encoding="utf-8").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
    return total / 2**20


def many(report, asked):
    """256 ranks run, in so much memory."""
    ranks = 256
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    if total < 20:
        raise Skip(f"needs some 24 GiB of memory, here are {total:.0f}")
    peak = [0.0]
    own, over = os.getpid(), threading.Event()

    def watch():
        while not over.wait(1.0):
            peak[0] = max(peak[0], memory_of(own))

    watcher = threading.Thread(target=watch)
    watcher.start()
    begin = time.monotonic()
    try:
        launch(ranks, run_of(asked, "cavity_3d", 5 if asked.quick else 20, "many.h5", "--network", "ib-edr-deep-est", "--set",
                             "grid.cells=[64,64,64]"), bound=False)
    finally:
        over.set()
        watcher.join()
    computing, own_messages, collective = account("many.h5", ranks)
    report.line(f"cavity_3d 64,64,64 on {ranks} ranks: {peak[0]:.1f} GiB at most (PSS of all processes), "
                f"{time.monotonic() - begin:.0f} s from start to end")
    report.line(f"  a step has {own_messages + collective:.0f} messages, its ranks compute {1e3 * computing:.0f} ms")
    report.target("memory", peak[0] <= GIBIBYTES, f"at most {GIBIBYTES} GiB")
