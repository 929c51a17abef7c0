#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""usage: test_coverage.py INTERCONNECT.so PASSED.txt FILE...

Every MPI_* call that the FILEs (program, core library, PETSc, HDF5) leave undefined, and every other that libmpi has, is
wrapped by the interconnect library or passed by name: none slips by unseen. What is wrapped for C is wrapped for Fortran too,
under every name by which Open MPI's Fortran modules reach it."""
import fnmatch
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from haloscope_program import main  # noqa: E402

LIBRARY, PASSED, *FILES = map(pathlib.Path, sys.argv[1:])

REASONS = {"local", "unreachable", "large-count"}
# Wrapped for one answer only, that all ranks read one clock. Fortran's form of it has an integer for an address, and passes.
NOT_FOR_FORTRAN = {"MPI_Comm_get_attr"}


def symbols(file, *options):
    """The MPI_* functions that nm lists, without their version; names all in capitals are constants."""
    listing = subprocess.run(["nm", *options, str(file)], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^[0-9a-f ]*[UTWVBD] (MPI_(?:[A-Z][a-z]|T_)\w*)(?:@.*)?$", listing, re.MULTILINE))


def undefined(file):
    dynamic = [] if file.suffix == ".a" else ["-D"]
    return symbols(file, "--undefined-only", *dynamic)


def libmpi(library):
    listing = subprocess.run(["ldd", str(library)], check=True, capture_output=True, text=True).stdout
    return pathlib.Path(re.search(r"libmpi\.so\S* => (\S+)", listing).group(1))


def names(file, pattern, *options):
    listing = subprocess.run(["nm", "-D", *options, str(file)], check=True, capture_output=True, text=True).stdout
    return set(re.findall(rf"^[0-9a-f ]*[UTW] ({pattern})(?:@.*)?$", listing, re.MULTILINE))


class Coverage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.wrapped = symbols(LIBRARY, "-D", "--defined-only")
        cls.rows = [line.split() for line in PASSED.read_text().splitlines() if line.strip() and not line.startswith("#")]
        cls.calls = {file: undefined(file) for file in FILES if not file.name.startswith("libmpi")}

    def passes(self, name):
        return any(fnmatch.fnmatchcase(name, row[0]) for row in self.rows)

    def test_each_name_passes_for_a_known_reason(self):
        self.assertEqual([row for row in self.rows if len(row) != 2 or row[1] not in REASONS], [], "not a name and a known reason")

    def test_nothing_that_is_wrapped_passes(self):
        self.assertEqual([name for name in sorted(self.wrapped) if self.passes(name)], [], "wrapped, yet listed as passed")

    def test_the_program_and_its_libraries_call_mpi(self):
        users = [file.name for file, calls in self.calls.items() if calls]
        self.assertGreaterEqual(len(users), 4,
                                f"the program, its core, PETSc and HDF5 call MPI, but calls were found in {users} only")

    def test_every_call_is_wrapped_or_passed(self):
        known = libmpi(LIBRARY)
        for file, calls in [*self.calls.items(), (known, symbols(known, "-D", "--defined-only"))]:
            print(f"{file.name}: {len(calls)} calls, {len(calls & self.wrapped)} wrapped")
            with self.subTest(file.name):
                self.assertEqual([name for name in sorted(calls - self.wrapped) if not self.passes(name)], [],
                                 f"{file.name}: neither wrapped nor passed by name")

    def test_what_is_wrapped_is_wrapped_for_fortran(self):
        """mpi_send_ is called by mpif.h and the module mpi; ompi_send_f and some pmpi_test_ by the module mpi_f08."""
        wrapped, folder = self.wrapped - NOT_FOR_FORTRAN, libmpi(LIBRARY).parent
        wanted = set()
        for file in folder.glob("libmpi_mpifh.so.*"):
            there = names(file, r"mpi_\w+_", "--defined-only")
            wanted |= {f"mpi_{call[4:].lower()}_" for call in wrapped} & there
        for file in folder.glob("libmpi_usempif08*.so.*"):
            used = names(file, r"(?:pmpi_\w+_|ompi_\w+_f)", "--undefined-only")
            wanted |= {name for call in wrapped for name in (f"ompi_{call[4:].lower()}_f", f"pmpi_{call[4:].lower()}_")} & used
        if not wanted:
            self.skipTest("MPI has no Fortran here")
        print(f"Fortran: {len(wanted)} names")
        defined = names(LIBRARY, r"(?:p?mpi_\w+_|ompi_\w+_f)", "--defined-only")
        self.assertEqual(sorted(wanted - defined), [], "these pass below")


if __name__ == "__main__":
    main(argv=sys.argv[:1])
