#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""usage: tests/bench/fidelity/measure.py [--quick] [--ranks N] [--repeats N] [--output FILE] [--build DIR] [PART]…

How true the interconnect library's clocks are, and what they cost, on this machine: real, noise, solver, calls, steps, many; all
without a name. --ranks N (2) is for solver: a core for each. Exits 4 when a target is missed. What each row counts:
tests/bench/README.md."""
import argparse
import os
import sys
import tempfile
from pathlib import Path

import calls
import cost
import native
import real
from report import ROOT, Report, Skip

PARTS = {"real": real.delays, "noise": real.noise, "solver": native.solver, "calls": calls.measure, "steps": cost.steps,
         "many": cost.many}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--output")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    asked = parser.parse_args()
    for part in asked.parts:
        if part not in PARTS:
            parser.error(f"{part}: must be one of {', '.join(PARTS)}")
    asked.build = asked.build.resolve()
    if not (asked.build / "haloscope").exists():
        parser.error(f"{asked.build}/haloscope is not there: build first, or say --build")
    report = Report(os.path.abspath(asked.output) if asked.output else None, judge=not asked.quick)
    report.head(asked.build)
    with tempfile.TemporaryDirectory(prefix="haloscope-bench-") as scratch:
        asked.scratch = Path(scratch)
        os.chdir(scratch)
        for part in asked.parts or PARTS:
            report.line(f"\n== {part}")
            try:
                PARTS[part](report, asked)
            except Skip as reason:
                report.line(f"skipped   {reason}")
    report.line(f"\n{'a target is missed' if report.missed else 'every target that was judged is met'}")
    sys.exit(4 if report.missed else 0)


main()
