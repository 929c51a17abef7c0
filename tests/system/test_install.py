# SPDX-License-Identifier: BSD-3-Clause
"""The installed program runs by itself and finds its cases by name; help and version need no MPI and fit a screen."""
import os
import re
import subprocess
from pathlib import Path

from haloscope_program import PROGRAM, SOURCE, Checks, Folder, run

BUILD = os.environ.get("HALOSCOPE_BUILD", str(Path(PROGRAM).parent))
CMAKE = os.environ.get("HALOSCOPE_CMAKE", "cmake")


def check_screen(check, what, text, lines):
    rows = text.splitlines()
    check(len(rows) <= lines, f"{what}: {len(rows)} lines, at most {lines}")
    widest = max(rows, key=len)
    check(len(widest) <= 100, f"{what}: {len(widest)} columns in {widest!r}")


def main():
    check = Checks()
    with Folder() as folder:
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", str(folder / "usr")], check=True, stdout=subprocess.DEVNULL)
        program = folder / "usr/bin/haloscope"
        for case in (SOURCE / "cases").glob("*.toml"):
            check((folder / "usr/share/haloscope/cases" / case.name).exists(), f"{case.name} is installed")
        installed = sorted(path.name for path in (folder / "usr/share/haloscope/cases/networks").iterdir())
        check.equal(installed, sorted(path.name for path in (SOURCE / "cases/networks").glob("*.toml")), "installed networks")

        for command in ([program], [PROGRAM]):
            done = subprocess.run([*command, "run", "poisson", "--set", "grid.cells=[16,16,16]", "--steps", "2", "--output",
                                   f"{len(str(command[0]))}.h5"], capture_output=True, text=True, check=False, timeout=120)
            check(done.returncode in (0, 4), f"{command}: a case by name: {done.returncode} {done.stderr!r}")
            check("poisson: 1 rank," in done.stdout, f"{command}: {done.stdout!r}")

        library = next((folder / "usr").rglob("libhaloscope-interconnect.so"))
        needed = re.findall(r"\(NEEDED\).*\[(\w+)", subprocess.run(["readelf", "-d", str(library)], capture_output=True, text=True,
                                                                  check=True).stdout)
        check("libmpi" in needed and set(needed) <= {"libmpi", "libstdc", "libgcc_s", "libm", "libc", "libasan", "libubsan"},
              f"what is loaded under foreign programs needs only MPI: {needed}")

        nothing = {"PATH": "/usr/bin"}  # no launcher, no MPI settings
        done = subprocess.run([program, "networks", "ideal"], capture_output=True, text=True, check=False, env=nothing)
        check(done.returncode == 0 and done.stdout.startswith("ideal\n"), f"the installed program finds its networks: {done}")
        done = subprocess.run([program, "study", "krylov", "--dry-run", "--launcher", "slurm"], capture_output=True, text=True,
                              check=False, env=nothing)
        check(done.returncode == 0 and "216: 18 series" in done.stdout, f"the installed program finds its studies and sites: {done}")
        check((folder / "usr/share/haloscope/jobs/slurm/run.sh").exists(), "the script of jobs is installed")
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, env=nothing)
        check(done.returncode == 0 and done.stdout.startswith("haloscope 0."), f"--version: {done}")
        packaged = sorted(path.name for path in (folder / "usr/share/haloscope/postprocess").iterdir())
        check.equal(packaged, sorted(path.name for path in (SOURCE / "postprocess").iterdir() if path.is_file()),
                    "the installed package that draws")
        for arguments, lines in ((["--help"], 24), (["run", "--help"], 40), (["show", "--help"], 24), (["under", "--help"], 40),
                                 (["networks", "--help"], 24), (["report", "--help"], 24), (["study", "--help"], 40)):
            status, out, err = run(arguments, env=nothing)
            what = " ".join(["haloscope", *arguments])
            check.equal((status, err), (0, ""), what)
            check_screen(check, what, out, lines)
        status, out, _ = run(["run", "--help"], env=nothing)
        for word in ("--set", "--steps", "--seed", "--output", "--force", "PETSc", "mpirun -n", "Exit code"):
            check(word in out, f"run --help tells of {word}")
    check.end()


main()
