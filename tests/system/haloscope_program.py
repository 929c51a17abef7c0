# SPDX-License-Identifier: BSD-3-Clause
"""Runs the program as a user would, for the system tests. Each test is one script of unittest:
`python3 test_errors.py -v -k calibration` runs the tests that have the word in their names."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("HALOSCOPE_PROGRAM", str(SOURCE / "build/release/haloscope"))
MPIEXEC = os.environ.get("HALOSCOPE_MPIEXEC", "mpirun")
LAUNCH = [MPIEXEC, "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]

# A vortex that 2 ranks step through in well under a second, with an exact solution.
VORTEX = """
[about]
name = "vortex"
problem = "flow"

[grid]
cells = [32, 32, 1]
length_m = [6.283185307179586, 6.283185307179586, 0.2]

[flow]
initial = "taylor_green"
viscosity_m2_per_s = 0.01
dt_s = 0.05

[run]
steps = 40
warmup_steps = 2

[[profile]]
name = "u_along_y"
quantity = "u"
axis = "y"
at_m = [1.5707963267948966, 0.0, 0.1]

[[expect]]
quantity = "velocity_error_max"
value = 0.0
tolerance = 0.01
source = "exact"
"""

CUBE = """
[about]
name = "cube"
problem = "poisson"

[grid]
cells = [16, 16, 16]
periodic = [false, false, false]

[run]
steps = 5
"""

SWEEP = """
[about]
name = "sweep"
problem = "exchange"

[exchange]
cells = [1, 4, 9]
fields = 2
repeats = 10

[run]
steps = 8

[[expect]]
quantity = "ghost_errors"
value = 0.0
tolerance = 0.0
source = "exact"
"""

# A network that is exact in all its times: half a round trip of a message takes 10 us between nodes and 2 us within one, and
# 1 ns or 0.1 ns more for each byte; longer messages than 64 KiB wait for their receiver.
STEADY = """
[about]
name = "steady"
evidence = "synthetic"
source = "this test"

[between_nodes]
half_round_trip_us = 10.0
overhead_us = 1.0
gap_us = 0.5
bandwidth_GBps = 1.0
eager_limit_bytes = 65536

[within_node]
half_round_trip_us = 2.0
overhead_us = 0.5
bandwidth_GBps = 10.0
eager_limit_bytes = 65536
"""


def launch(arguments, ranks=None):
    """The command line of the program: alone, or on so many ranks."""
    command = [PROGRAM, *map(str, arguments)]
    return command if ranks is None else [*LAUNCH, "-n", str(ranks), *command]


def run(arguments, ranks=None, timeout=120, **options):
    """Runs to the end and gives (status, standard output, standard error)."""
    done = subprocess.run(launch(arguments, ranks), capture_output=True, text=True, timeout=timeout, check=False, **options)
    return done.returncode, done.stdout, done.stderr


def own_lines(err):
    """What the program said on standard error; the launcher comments on every exit code but 0, MPI on networks it lacks."""
    return [line for line in err.splitlines() if line.startswith(("haloscope: ", "warning: "))]


class Folder:
    """A scratch folder, made the working directory, that goes away with the test."""

    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="haloscope-test-")).resolve()
        os.chdir(self.path)
        return self.path

    def __exit__(self, *_):
        os.chdir("/")
        shutil.rmtree(self.path, ignore_errors=True)


class ProgramTest(unittest.TestCase):
    """Tests that share one scratch folder, `cls.folder`, which is the working directory."""

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(Folder())


class _InOrder(unittest.TestLoader):
    """Takes tests in the order in which they stand in their class."""

    def getTestCaseNames(self, testCaseClass):
        return sorted(super().getTestCaseNames(testCaseClass), key=list(vars(testCaseClass)).index)


def main(**options):
    """Runs the script's tests. Its status is 0 when all held and 1 when one failed or none ran. It is 77, which ctest shows as
    skipped, when this machine cannot do what the class needs. Where CI=true all is there, so a skipped test counts as failed."""
    result = unittest.main(exit=False, verbosity=2, testLoader=_InOrder(), **options).result
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}", file=sys.stderr)
    if result.skipped and os.environ.get("CI") == "true":
        sys.exit("where CI=true no test may be skipped")
    if result.wasSuccessful() and result.testsRun == 0:
        sys.exit(77 if result.skipped else "no test ran")
    sys.exit(not result.wasSuccessful())
