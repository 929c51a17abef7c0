# SPDX-License-Identifier: BSD-3-Clause
"""The installed program runs by itself and finds its cases by name; help and version need no MPI and fit a screen."""
import os
import re
import subprocess
from pathlib import Path

from haloscope_program import PROGRAM, SOURCE, ProgramTest, main, run

BUILD = os.environ.get("HALOSCOPE_BUILD", str(Path(PROGRAM).parent))
CMAKE = os.environ.get("HALOSCOPE_CMAKE", "cmake")
NOTHING = {"PATH": "/usr/bin"}  # no launcher, no MPI settings


def bare(*command):
    """What a command does where there is no launcher and no setting of MPI."""
    return subprocess.run(command, capture_output=True, text=True, check=False, env=NOTHING)


def names_in(folder, pattern="*"):
    return sorted(path.name for path in folder.glob(pattern) if path.is_file())


class Install(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", str(cls.folder / "usr")], check=True, stdout=subprocess.DEVNULL)
        cls.program = cls.folder / "usr/bin/haloscope"
        cls.share = cls.folder / "usr/share/haloscope"

    def test_files(self):
        for case in (SOURCE / "cases").glob("*.toml"):
            self.assertTrue((self.share / "cases" / case.name).exists(), f"{case.name} is installed")
        self.assertEqual(names_in(self.share / "cases/networks", "*.toml"), names_in(SOURCE / "cases/networks", "*.toml"),
                         "installed networks")
        self.assertTrue((self.share / "jobs/slurm/run.sh").exists(), "the script of jobs is installed")
        self.assertEqual(names_in(self.share / "postprocess"), names_in(SOURCE / "postprocess"), "the installed package that draws")

    def test_case_by_name(self):
        for command in (self.program, PROGRAM):
            with self.subTest(command):
                output = f"{len(str(command))}.h5"
                done = subprocess.run([command, "run", "poisson", "--set", "grid.cells=[16,16,16]", "--set", "expect=[]",
                                       "--steps", "2", "--output", output],
                                      capture_output=True, text=True, check=False, timeout=120)
                self.assertEqual(done.returncode, 0, f"{command}: a case by name: {done.stderr!r}")
                self.assertIn("poisson: 1 rank,", done.stdout, f"{command}: {done.stdout!r}")

    def test_library_needs_only_mpi(self):
        library = next((self.folder / "usr").rglob("libhaloscope-interconnect.so"))
        listing = subprocess.run(["readelf", "-d", str(library)], capture_output=True, text=True, check=True).stdout
        needed = re.findall(r"\(NEEDED\).*\[(\w+)", listing)
        self.assertTrue("libmpi" in needed and
                        set(needed) <= {"libmpi", "libstdc", "libgcc_s", "libm", "libc", "libasan", "libubsan"},
                        f"what is loaded under foreign programs needs only MPI: {needed}")

    def test_what_is_shipped_is_found(self):
        done = bare(self.program, "networks", "ideal")
        self.assertTrue(done.returncode == 0 and done.stdout.startswith("ideal\n"),
                        f"the installed program finds its networks: {done}")
        done = bare(self.program, "study", "krylov", "--dry-run", "--launcher", "slurm")
        self.assertTrue(done.returncode == 0 and "216: 18 series" in done.stdout,
                        f"the installed program finds its studies and sites: {done}")
        done = bare(self.program, "--version")
        self.assertTrue(done.returncode == 0 and done.stdout.startswith("haloscope 0."), f"--version: {done}")

    def test_help_fits_a_screen(self):
        for arguments, lines in ((["--help"], 24), (["run", "--help"], 40), (["show", "--help"], 24), (["under", "--help"], 40),
                                 (["networks", "--help"], 24), (["report", "--help"], 24), (["study", "--help"], 40)):
            what = " ".join(["haloscope", *arguments])
            with self.subTest(what):
                status, out, err = run(arguments, env=NOTHING)
                self.assertEqual((status, err), (0, ""), what)
                rows = out.splitlines()
                self.assertLessEqual(len(rows), lines, f"{what}: {len(rows)} lines, at most {lines}")
                widest = max(rows, key=len)
                self.assertLessEqual(len(widest), 100, f"{what}: {len(widest)} columns in {widest!r}")
        out = run(["run", "--help"], env=NOTHING)[1]
        for word in ("--set", "--steps", "--seed", "--output", "--force", "PETSc", "mpirun -n", "Exit code"):
            self.assertIn(word, out, f"run --help tells of {word}")


if __name__ == "__main__":
    main()
