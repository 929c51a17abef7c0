#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Data flows one way: a door includes only doors above it, and nothing crosses between the solver and the interconnect
library. (Which library headers may stand where: tests/check_style.sh.)"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The doors in flow order. A new door gets its place here.
DOORS = """build_info errors profile networks
           distribution tournament selfish
           network_options under handles stop phases compute calibration efficiency network clock decomposition field triad redistribution halo transport_case case
           elementary random transport stencil transfer multigrid poisson flow machine_node machine record program_run verdict workload live_line progress summary run probe
           child site study manifest study_progress launcher study_command report""".split()


# What the interconnect library may include of the other side: data, how a mistake in it is told, the clocks of hosts, pure
# functions, and the door of the library that records; no state.
CROSSING = {"haloscope/errors.hpp", "haloscope/profile.hpp", "haloscope/clock.hpp", "haloscope/elementary.hpp", "haloscope/random.hpp",
            "haloscope/program_run.hpp"}


def includes(file):
    return re.findall(r'^#include "([^"]+)"', file.read_text(), re.MULTILINE)


def main():
    failures = []
    doors = {file.stem: file for file in (ROOT / "include/haloscope").glob("*.hpp")}
    failures += [f"{name}.hpp has no place in the flow order of this test" for name in sorted(doors.keys() - DOORS)]
    failures += [f"the flow order names {name}, which is no door" for name in DOORS if name not in doors]
    for place, name in enumerate(DOORS):
        for header in includes(doors[name]) if name in doors else []:
            above = header.startswith("haloscope/") and pathlib.Path(header).stem in DOORS[:place]
            if not above:
                failures.append(f"{name}.hpp includes {header}, which is not above it")
    rooms = [file for file in (ROOT / "solver").rglob("*.[ch]pp")]
    for file in rooms:
        inside = "interconnect" in file.relative_to(ROOT).parts
        for header in includes(file):
            if inside and header.startswith("haloscope/") and header not in CROSSING or not inside and "interconnect/" in header:
                failures.append(f"{file.relative_to(ROOT)} includes {header}: no header crosses to the interconnect library")
    for target in re.findall(r"target_link_libraries\((haloscope-core[^)]*)\)", (ROOT / "CMakeLists.txt").read_text()):
        if "haloscope-interconnect" in target:
            failures.append("haloscope-core links the interconnect library: only programs may")
    if len(rooms) < len(DOORS):
        failures.append(f"only {len(rooms)} sources found under {ROOT / 'solver'}")
    print("\n".join(failures) if failures else f"{len(doors)} doors, {len(rooms)} sources: no wall is broken")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
