#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The walls between the wings: a file includes only what its wing's CMakeLists.txt names under USES, other wings only by their
doors, and a wing uses only wings above it. (Libraries need no test: their headers are not found in wings that do not name them.)"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOLVER, DOORS = ROOT / "solver", ROOT / "include/haloscope"

# What the interposer may see of the other side: what all stand on, and the model of the network as data and pure functions.
# Its own border is a header of constants.
CROSSING = {"base", "network", "border"}


def uses_of(wing):
    text = (SOLVER / wing / "CMakeLists.txt").read_text()
    return re.search(r"\bUSES ([^A-Z)]*)", text).group(1).split() if "USES" in text else []


def failures_of(wing, above, used_doors):
    """What breaks a wall in the files of one wing."""
    uses = uses_of(wing)
    yield from (f"{wing} uses {used}, which is not above it" for used in uses if used not in above)
    if wing.startswith("interconnect/"):
        yield from (f"{wing} uses {used}" for used in uses if not used.startswith("interconnect/") and used not in CROSSING)
    for file in [*(SOLVER / wing).glob("*.[ch]pp"), *(DOORS / wing).glob("*.hpp")]:
        for header in re.findall(r'^#include "([^"]+)"', file.read_text(), re.MULTILINE):
            of = str(pathlib.Path(header.removeprefix("haloscope/")).parent)
            if of != wing and of not in uses:
                yield f"{file.relative_to(ROOT)} includes {header}: {wing} does not use {of}"
            elif header.startswith("haloscope/"):
                if of != wing:
                    used_doors.add(header)
            elif of.partition("/")[0] != wing.partition("/")[0]:
                yield f"{file.relative_to(ROOT)} includes {header}, which is no door of {of}"


def main():
    wings = re.findall(r"^add_subdirectory\((\S+)\)", (SOLVER / "CMakeLists.txt").read_text(), re.MULTILINE)
    failures, used_doors, above = [], set(), []
    for wing in wings:
        failures += failures_of(wing, above, used_doors)
        above.append(wing)
    folders = {str(folder.parent.relative_to(SOLVER)) for folder in SOLVER.rglob("*.cpp") if folder.parent != SOLVER}
    failures += [f"solver/{folder} is no wing of solver/CMakeLists.txt" for folder in sorted(folders ^ set(wings))]
    used_doors |= set(re.findall(r'"(haloscope/[^"]+)"', (SOLVER / "main.cpp").read_text()))
    doors = {f"haloscope/{door.relative_to(DOORS)}" for door in DOORS.rglob("*.hpp")}
    failures += [f"include/{door} is used by its own wing alone: it belongs to solver/" for door in sorted(doors - used_doors)]
    print("\n".join(failures) if failures else f"{len(wings)} wings, {len(doors)} doors: no wall is broken")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
