#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The walls between the wings: a file includes only what its wing's CMakeLists.txt names under USES, other wings only by their
doors, and a wing uses only wings above it. (Libraries need no test: their headers are not found in wings that do not name them.)"""
import pathlib
import re
import unittest

from haloscope_program import SOURCE, main

SOLVER, DOORS = SOURCE / "solver", SOURCE / "include/haloscope"
WINGS = re.findall(r"^add_subdirectory\((\S+)\)", (SOLVER / "CMakeLists.txt").read_text(), re.MULTILINE)

# What the interposer may see of the other side: what all stand on, and the model of the network as data and pure functions.
# Its own border is a header of constants.
CROSSING = {"base", "network", "border"}

# What works on a login node needs no library that may be missing there.
LIGHT = {"study", "launch"}
HEAVY = {"PkgConfig::PETSC", "PkgConfig::HDF5"}


def words_of(wing, keyword):
    """What stands behind USES or LIBRARIES in the wing's CMakeLists.txt."""
    found = re.search(rf"^\s*{keyword} ([^)]*?)(?=\)|^\s*[A-Z]+ )", (SOLVER / wing / "CMakeLists.txt").read_text(), re.MULTILINE)
    return found.group(1).split() if found else []


def uses_of(wing):
    return words_of(wing, "USES")


def libraries_of(wing):
    """Those of the wing and of all that it uses."""
    return set(words_of(wing, "LIBRARIES")).union(*(libraries_of(used) for used in uses_of(wing)))


def includes_of(wing):
    """(file, header, wing of the header) of all includes of the project's own headers in the files of a wing."""
    for file in [*(SOLVER / wing).glob("*.[ch]pp"), *(DOORS / wing).glob("*.hpp")]:
        for header in re.findall(r'^#include "([^"]+)"', file.read_text(), re.MULTILINE):
            yield file.relative_to(SOURCE), header, str(pathlib.Path(header.removeprefix("haloscope/")).parent)


class Walls(unittest.TestCase):
    def test_every_folder_is_a_wing(self):
        folders = {str(file.parent.relative_to(SOLVER)) for file in SOLVER.rglob("*.cpp") if file.parent != SOLVER}
        self.assertEqual(sorted(folders), sorted(WINGS), "folders with sources, and wings of solver/CMakeLists.txt")

    def test_wings_use_wings_above_them(self):
        for place, wing in enumerate(WINGS):
            with self.subTest(wing):
                self.assertEqual(set(uses_of(wing)) - set(WINGS[:place]), set(), f"{wing} uses what is not above it")

    def test_the_interconnect_sees_only_what_may_cross(self):
        for wing in (wing for wing in WINGS if wing.startswith("interconnect/")):
            with self.subTest(wing):
                across = {used for used in uses_of(wing) if not used.startswith("interconnect/")}
                self.assertEqual(across - CROSSING, set(), f"{wing} uses what may not cross the border")

    def test_what_works_on_a_login_node_links_no_library_of_the_solver(self):
        for wing in sorted(LIGHT):
            with self.subTest(wing):
                self.assertEqual(libraries_of(wing) & HEAVY, set(), f"{wing} links these, itself or by what it uses")

    def test_includes_are_of_used_wings(self):
        for wing in WINGS:
            with self.subTest(wing):
                seen = {wing, *uses_of(wing)}
                self.assertEqual([f"{file} includes {header}" for file, header, of in includes_of(wing) if of not in seen], [],
                                 f"{wing} does not use these")

    def test_other_wings_are_seen_by_their_doors(self):
        for wing in WINGS:
            with self.subTest(wing):
                inner = [(file, header) for file, header, of in includes_of(wing) if not header.startswith("haloscope/")
                         and of.partition("/")[0] != wing.partition("/")[0]]
                self.assertEqual([f"{file} includes {header}" for file, header in inner], [], "these are no doors")

    def test_doors_are_used_by_another_wing(self):
        used = {header for wing in WINGS for _, header, of in includes_of(wing) if of != wing}
        used |= set(re.findall(r'"(haloscope/[^"]+)"', (SOLVER / "main.cpp").read_text()))
        doors = {f"haloscope/{door.relative_to(DOORS)}" for door in DOORS.rglob("*.hpp")}
        self.assertEqual(sorted(doors - used), [], "these doors are used by their own wing alone: they belong to solver/")


if __name__ == "__main__":
    main()
