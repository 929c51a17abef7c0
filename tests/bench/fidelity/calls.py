# SPDX-License-Identifier: BSD-3-Clause
"""What a wrapped call costs: time on the wall when it only records, time on the logical clock in virtual time."""
import statistics

from real import program
from report import ROOT, launch, rows, spread


def measure(report, asked):
    blocks = "2" if asked.quick else "15"
    preload = {"LD_PRELOAD": asked.build / "libhaloscope-interconnect.so"}
    by_kind = {}
    for line in launch(1, [program(asked, "calls"), "record", blocks], **preload)[0].splitlines():
        kind, wrapped, below = line.split()
        by_kind.setdefault(kind, []).append((float(wrapped), float(below)))
    report.line(f"{'record, [ns a call]':20} {'MPI_*':>28} {'PMPI_*':>28} {'more':>24}")
    for kind, pairs in by_kind.items():
        more = [wrapped - below for wrapped, below in pairs]
        columns = [spread([pair[i] for pair in pairs], 1) for i in (0, 1)]
        report.line(f"{kind:20} {columns[0]:>28} {columns[1]:>28} {spread(more, 1):>24}")
        report.target(kind, statistics.median(more) < 100, "below 100 ns a call")

    columns = rows(launch(1, [program(asked, "calls"), "virtual", blocks], **preload,
                          HALOSCOPE_NETWORK=ROOT / "cases/networks/ideal.toml")[0])
    report.line("virtual, a pair of calls (Send and Recv to itself) on the ideal network, [ns a pair]")
    report.line(f"  nothing between: logical clock {spread(columns[0], 1)}, the thread's own {spread(columns[1], 1)}")
    report.line(f"  between computing of {statistics.median(columns[3]):.0f} ns: logical clock {spread(columns[2], 1)} more than "
                "that computing alone takes")
    report.target("nothing between", statistics.median(columns[0]) <= 50, "at most 50 ns a pair")
    report.target("between computing", abs(statistics.median(columns[2])) <= 50, "within 50 ns a pair")
