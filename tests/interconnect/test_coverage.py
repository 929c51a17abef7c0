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

REASONS = {"local", "unreachable", "large-count"}
# Wrapped for one answer, that all ranks read one clock; Fortran's form of it, with an integer for an address, still says what MPI does.
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


def fortran_failures(library, wrapped):
    """mpi_send_ is called by mpif.h and the module mpi; ompi_send_f and some pmpi_test_ by the module mpi_f08."""
    folder = libmpi(library).parent
    defined = names(library, r"(?:p?mpi_\w+_|ompi_\w+_f)", "--defined-only")
    wanted = set()
    for file in folder.glob("libmpi_mpifh.so.*"):
        there = names(file, r"mpi_\w+_", "--defined-only")
        wanted |= {name for name in (f"mpi_{call[4:].lower()}_" for call in wrapped) if name in there}
    for file in folder.glob("libmpi_usempif08*.so.*"):
        used = names(file, r"(?:pmpi_\w+_|ompi_\w+_f)", "--undefined-only")
        wanted |= {name for call in wrapped for name in (f"ompi_{call[4:].lower()}_f", f"pmpi_{call[4:].lower()}_") if name in used}
    print(f"Fortran: {len(wanted)} names" if wanted else "Fortran: not checked, MPI has none here")
    return [f"Fortran: {name} passes below" for name in sorted(wanted - defined)]


def main():
    library, passed_file, *files = map(pathlib.Path, sys.argv[1:])
    wrapped = symbols(library, "-D", "--defined-only")
    rows = [line.split() for line in passed_file.read_text().splitlines() if line.strip() and not line.startswith("#")]
    failures = [f"{passed_file.name}: not a name and a known reason: {row}" for row in rows
                if len(row) != 2 or row[1] not in REASONS]
    patterns = [row[0] for row in rows]

    def passes(name):
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

    failures += [f"wrapped, yet listed as passed: {name}" for name in sorted(wrapped) if passes(name)]
    used = {file: undefined(file) for file in files if not file.name.startswith("libmpi")}
    users = [file.name for file, names in used.items() if names]
    if len(users) < 4:
        failures.append(f"the program, its core, PETSc and HDF5 call MPI, but calls were found in {users} only")
    used[libmpi(library)] = symbols(libmpi(library), "-D", "--defined-only")
    for file, names in used.items():
        failures += [f"{file.name}: {name} is neither wrapped nor passed by name"
                     for name in sorted(names) if name not in wrapped and not passes(name)]
        print(f"{file.name}: {len(names)} calls, {len(names & wrapped)} wrapped")
    failures += fortran_failures(library, wrapped - NOT_FOR_FORTRAN)
    print("\n".join(failures) if failures else "every call is wrapped or passed by name")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
