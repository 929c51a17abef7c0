# SPDX-License-Identifier: BSD-3-Clause
"""Programs that know nothing of Haloscope run unmodified on a modelled network: they end, with the results that they have
without it, and the report says what network that was, what was not exact and what was not modelled."""
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import h5py

from haloscope_program import MPIEXEC, PROGRAM, SOURCE, STEADY, Checks, Folder, own_lines

FOREIGN = SOURCE / "tests/foreign"
LAUNCH = [MPIEXEC, "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
# Only what a program announces takes time: nothing of this machine enters the clock, so times are exact.
EXACT = {"compute": "announced"}


def native(command, ranks):
    done = subprocess.run([*LAUNCH, "-n", str(ranks), *command], capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def under(command, ranks, *options, compute="cpu", **variables):
    """The same on the network: (status, standard output, report by its first words)."""
    line = [PROGRAM, "under", "--network", "steady.toml", "--compute", compute, *options, "--", *LAUNCH, "-n", str(ranks), *command]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **variables})
    report = dict(re.findall(r"^ {2}(\S.{12}\S?)\s*(.*)$", done.stderr, re.MULTILINE))
    report = {key.strip(): value for key, value in report.items()}
    head = re.search(r"^haloscope interconnect: (.*)$", done.stderr, re.MULTILINE)
    report["head"] = head.group(1) if head else done.stderr
    return done.returncode, done.stdout, report


def compiled(check, compiler, source, *options):
    """The program, or nothing where there is no such compiler."""
    if shutil.which(compiler) is None:
        print(f"{source}: not tested, {compiler} is not here")
        return None
    program = Path(source).stem
    done = subprocess.run([compiler, "-O1", "-o", program, str(FOREIGN / source), *options], capture_output=True, text=True,
                          check=False)
    check.equal(done.returncode, 0, f"{source} is compiled: {done.stderr}")
    return f"./{program}" if done.returncode == 0 else None


def seconds(text):
    value, unit = re.match(r"([0-9.e+-]+) (us|ms|s)\b", text).groups()
    return float(value) * {"us": 1e-6, "ms": 1e-3, "s": 1}[unit]


def check_ping_pong(check):
    program = str(Path(PROGRAM).parent / "tests/ping_pong")
    status, out, report = under([program], 2, "--seed", "3", **EXACT)
    check.equal(status, 0, "ping-pong")
    check(re.search(r"ball 10, by .* mode=virtual network=steady hash=[0-9a-f]{16} seed=3 compute=announced\.", out) is not None, f"ping-pong: {out!r}")
    check(re.fullmatch(r"2 ranks on 2 nodes, network steady \([0-9a-f]{16}\), virtual time, seed 3, computing announced", report["head"]) is not None,
          f"ping-pong: {report['head']!r}")
    # Ten balls there and back, 4 bytes each.
    check(abs(seconds(report["time"]) - 20 * (10e-6 + 4e-9)) < 1e-12, f"ping-pong: time {report['time']!r}")
    check(report["messages"].startswith("20 with 80 bytes"), f"ping-pong: {report['messages']!r}")
    check.equal(report["exact"], "yes", "ping-pong is exact")
    _, _, within = under([program], 2, "--ranks-per-node", "2", "--set-network", "within_node.half_round_trip_us=3", **EXACT)
    check("2 ranks on 1 node," in within["head"], f"ping-pong within a node: {within['head']!r}")
    check(abs(seconds(within["time"]) - 20 * (3e-6 + 4e-10)) < 1e-12, f"ping-pong within a node: {within['time']!r}")
    _, _, off = under([program], 2, "--without", "latency,bandwidth", **EXACT)
    check.equal(off.get("without"), "latency,bandwidth", "ping-pong without latency and bandwidth")
    check(seconds(off["time"]) < seconds(report["time"]), f"ping-pong without latency: {off['time']!r}")
    _, _, left = under([program], 2, HALOSCOPE_COMPUTE="announced", HALOSCOPE_SEED="9")  # by somebody's shell
    check(left["head"].endswith("virtual time, seed 1, computing cpu"), f"what the environment held does not count: {left['head']!r}")
    status, out, report = under([program], 2, "--clock", "real")
    check(status == 0 and "mode=real" in out and report["head"].endswith(", real time, seed 1, computing native"), f"ping-pong in real time: {out!r} {report}")
    check(seconds(report["time"]) >= 20 * (10e-6 + 4e-9), f"ping-pong in real time: {report['time']!r}")


def check_fortran(check):
    for source in ("calls_mpi.f90", "calls_f08.f90"):
        program = compiled(check, "mpif90", source)
        for ranks in (2, 5) if program else ():
            _, plain, _ = native([program], ranks)
            status, out, report = under([program], ranks, **EXACT)
            what = f"{source} on {ranks}"
            check.equal(status, 0, what)
            results = [line for line in out.splitlines() if line.endswith((" T", " F"))]
            check(len(results) >= 9 and all(line.endswith(" T") for line in results), f"{what}: {out!r}")
            check.equal(results, [line for line in plain.splitlines() if line.endswith((" T", " F"))], f"{what}: as without a network")
            trip = re.search(r"half_round_trip_us +([0-9.]+)", out)
            check(trip is not None and abs(float(trip.group(1)) - 10.004) < 1e-6, f"{what}: MPI_Wtime reads the clock: {out!r}")
            check("MPI_Cart_create" in report.get("not modelled", ""), f"{what}: {report}")
            if source == "calls_mpi.f90":
                check(f"by +interconnect mode=virtual network=steady" in out, f"{what}: signed: {out!r}")


def check_petsc(check):
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "PETSc"], capture_output=True, text=True, check=False)
    check.equal(flags.returncode, 0, "pkg-config knows PETSc")
    program = compiled(check, "mpicc", "petsc_poisson.c", *flags.stdout.split(), "-lm")
    if program is None:
        return
    grid = ["-da_grid_x", "33", "-da_grid_y", "33"]
    # PETSc itself finds out who sends to whom by receives of MPI_ANY_SOURCE, while it builds its matrices.
    set_up = r"MPI_Irecv of MPI_ANY_SOURCE \d+"
    for solver, inexact in (("-ksp_type cg -pc_type jacobi", set_up), ("-ksp_type pipecg -pc_type jacobi", set_up),
                            ("-ksp_type cg -pc_type mg -da_refine 2", set_up), ("-ksp_type cg -pc_type gamg", set_up),
                            ("-ksp_type preonly -pc_type lu -pc_factor_mat_solver_type mumps", r".*MPI_Iprobe \d+.*")):
        command = [program, *grid, *solver.split()]
        _, plain, err = native(command, 4)
        status, out, report = under(command, 4)
        check.equal(status, 0, f"PETSc {solver}")
        wanted, found = (dict(line.split() for line in text.splitlines()) for text in (plain, out))
        check.equal(sorted(found), ["error", "iterations", "norm"], f"PETSc {solver}: {plain!r} {err!r} {out!r}")
        check(abs(int(found["iterations"]) - int(wanted["iterations"])) <= 1, f"PETSc {solver}: iterations {plain!r} {out!r}")
        for name in ("norm", "error"):
            check(abs(float(found[name]) / float(wanted[name]) - 1) < 1e-6, f"PETSc {solver}: {name} {plain!r} {out!r}")
        check("4 ranks on 4 nodes, network steady" in report["head"], f"PETSc {solver}: {report['head']!r}")
        # MUMPS asks whether messages have come, from Fortran.
        check(re.fullmatch(f"no, these followed the order of real arrival: {inexact}", report["exact"]) is not None,
              f"PETSc {solver}: {report['exact']!r}")
        shares = [float(share) for share in re.findall(r"([0-9.]+) %", report["efficiency"])]
        check(len(shares) == 4 and abs(shares[1] * shares[2] * shares[3] / 1e4 - shares[0]) < 0.2, f"PETSc {solver}: {shares}")


def check_mpi4py(check):
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import mpi4py"], capture_output=True, check=False).returncode != 0:
        print("program.py: not tested, mpi4py is not here")
        return
    command = [python, str(FOREIGN / "program.py")]
    _, plain, err = native(command, 3)
    status, out, report = under(command, 3)
    check.equal((status, out), (0, plain), f"mpi4py: {err!r} {report}")
    check("total 4.5" in out, f"mpi4py: {out!r}")
    check("3 ranks on 3 nodes" in report["head"] and "MPI_Comm_split 3" in report["not modelled"], f"mpi4py: {report}")


def check_files(check):
    program = compiled(check, "mpicc", "files.c")
    if program is None:
        return
    check.equal(native([program, "native.bin"], 3)[:2], (0, "wrong 0\n"), "MPI-IO without a network")
    status, out, report = under([program, "virtual.bin"], 3, **EXACT)
    check.equal((status, out), (0, "wrong 0\n"), "MPI-IO")
    check.equal(Path("virtual.bin").read_bytes(), Path("native.bin").read_bytes(), "MPI-IO: the file")
    for call in ("MPI_File_open 3", "MPI_File_write_at_all 3", "MPI_File_read_at 3", "MPI_Comm_free 3"):
        check(call in report["not modelled"], f"MPI-IO: {call} in {report['not modelled']!r}")
    check.equal(report["exact"], "yes", "MPI-IO")


def check_any_source(check):
    """The report and the run file name what followed real arrival, also where the name holds spaces."""
    program = compiled(check, "mpicc", "any_source.c")
    if program is None:
        return
    status, out, report = under([program], 4, "--record", "any.h5", **EXACT)
    check.equal((status, out), (0, "order 3 2 1\n"), "MPI_ANY_SOURCE: by arrival in modelled time")
    check.equal(report["exact"], "no, these followed the order of real arrival: MPI_Probe of MPI_ANY_SOURCE 1, MPI_Recv of MPI_ANY_SOURCE 2", "MPI_ANY_SOURCE")
    with h5py.File("any.h5") as file:
        check.equal(file.attrs["exact"], 0, "MPI_ANY_SOURCE: the run file")
        check("MPI_Recv of MPI_ANY_SOURCE" in str(dict(file.attrs)), f"MPI_ANY_SOURCE: the run file: {dict(file.attrs)}")


def check_unmatched(check):
    """Pausing the model around one end of a message leaves the other without its partner: that is told."""
    program = compiled(check, "mpicc", "half_paused.c")
    if program is None:
        return
    status, out, report = under([program, "both"], 2, **EXACT)
    check.equal((status, out, report["exact"], report.get("unmatched")), (0, "ball 7\n", "yes", None), "paused at both ends")
    status, out, report = under([program, "receiver"], 2, "--record", "half.h5", **EXACT)
    check.equal((status, out, report["exact"]), (0, "ball 7\n", "no"), "paused at one end")
    check(report.get("unmatched", "").startswith("1 end(s) of messages"), f"paused at one end: {report}")
    with h5py.File("half.h5") as file:
        check.equal((file.attrs["exact"], file.attrs["inexact_calls"]), (0, "unmatched messages 1"), "paused at one end: the run file")


def check_threads(check):
    """Computing that the logical clock cannot see is reported, and warned of in the run file."""
    program = compiled(check, "mpicc", "threads.c", "-pthread")
    for threads in (0, 2) if program else ():
        status, out, report = under([program, str(threads)], 2, "--record", f"threads{threads}.h5")
        check.equal((status, out), (0, "computed\n"), f"{threads} other threads")
        found = re.search(r"computing of other threads \[ms\] (\d+)", report.get("not modelled", ""))
        with h5py.File(f"threads{threads}.h5") as file:
            warned = [text for text in file.attrs["warnings"] if "other threads" in text]
        if threads == 0:
            check(found is None and warned == [], f"no other threads: {report} {warned}")
        else:
            check(found is not None and int(found.group(1)) >= 399, f"{threads} other threads: {report}")
            check(len(warned) == 1 and "did not count" in warned[0], f"{threads} other threads: {warned}")
    if program:
        _, _, report = under([program, "2"], 2, **EXACT)
        check("other threads" not in report.get("not modelled", ""), f"announced computing is nobody's CPU time: {report}")


def check_record(check):
    """The run file of a program that writes none."""
    program = str(Path(PROGRAM).parent / "tests/ping_pong")
    status, _, report = under([program], 2, "--record", "virtual.h5", "--seed", "7", **EXACT)
    check.equal(status, 0, f"a record in virtual time: {report}")
    with h5py.File("virtual.h5") as file:
        check.equal(dict(file.attrs)["valid"], 1, "the record is valid")
        check.equal([file.attrs[name] for name in ("network", "clock", "case_name", "network_seed", "exact", "ranks_per_node",
                                                    "compute", "posix_clocks")],
                    ["steady", "virtual", "ping_pong", 7, 1, 1, "announced", 0], "the record's network")
        check(f"{program}" in file.attrs["command_line"], f"the record's command line: {file.attrs['command_line']!r}")
        timing = file["timing"]
        check.equal(timing["step_seconds"].shape, (1, 2), "one step, two ranks")
        check(abs(timing["step_seconds"][:].max() - 20 * (10e-6 + 4e-9)) < 1e-12, f"the record's time: {timing['step_seconds'][:]}")
        check.equal((timing["messages"][:].sum(), timing["bytes"][:].sum()), (20, 80), "the record's messages")
        other = list(timing["phase_seconds"].attrs["phases"]).index("other")
        check.equal(list(timing["phase_seconds"][0, :, other]), list(timing["step_seconds"][0]), "one phase")
        check(timing["point_to_point_seconds"][0, 0, other] > 190e-6, "nearly all the time goes into messages")
        check(timing["compute_seconds"][:].sum() == 0 and timing["ideal_seconds"][:].sum() == 0, "nothing was announced")
    shown = subprocess.run([PROGRAM, "show", "virtual.h5"], capture_output=True, text=True, check=False)
    check(shown.returncode == 0 and "VALID" in shown.stdout and "network steady, clock virtual" in shown.stdout,
          f"haloscope show: {shown}")

    line = [PROGRAM, "under", "--record", "native.h5", "--", *LAUNCH, "-n", "3", program]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    check(done.returncode == 0 and "mode=record" in done.stdout and len(own_lines(done.stderr)) == 1, f"a plain record: {done}")
    with h5py.File("native.h5") as file:
        check.equal((file.attrs["network"], file.attrs["clock"], file["timing/step_seconds"].shape), ("native", "native", (1, 3)),
                    "a plain record")
        check(file["timing/step_seconds"][:].min() > 0 and file["timing/messages"][:].sum() == 20, "a plain record counts")
        check("compute_seconds" not in file["timing"], "only virtual time knows the twin")
    before = Path("native.h5").read_bytes()
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    check(done.returncode == 2 and "--force" in done.stderr and done.stdout == "", f"a record that exists: {done}")
    check(Path("native.h5").read_bytes() == before, "a record that exists is left alone")
    done = subprocess.run([*line[:4], "--force", *line[4:]], capture_output=True, text=True, timeout=60, check=False)
    check(done.returncode == 0 and Path("native.h5").read_bytes() != before, f"a record overwritten: {done}")
    both = f"{' '.join(line[5:])}; {' '.join(line[5:])}"  # two programs, one file: the second says so, and ends well
    done = subprocess.run([*line[:3], "both.h5", "--", "sh", "-c", both], capture_output=True, text=True, timeout=60, check=False)
    check(done.returncode == 0 and re.search(r"^haloscope: .*both\.h5: .*exists", done.stderr, re.MULTILINE) is not None,
          f"two programs and one record: {done}")


def check_posix_clocks(check):
    program = compiled(check, "mpicc", "posix_clocks.c")
    if program is None:
        return
    status, out, report = under([program], 2, "--posix-clocks", **EXACT)
    seen = dict(re.findall(r"^([a-z ]+) ([0-9.]+)", out, re.MULTILINE))
    check("POSIX clocks" in report, f"POSIX clocks are reported: {report}")
    check.equal((status, seen.get("monotonic")), (0, "2000.800"), f"POSIX clocks: {out!r} {report}")
    check(abs(float(seen["real"]) - 2000.8) < 0.5, f"POSIX clocks: {out!r}")  # a double holds the date to 0.2 us
    check.equal((seen.get("slept"), seen.get("time of day")), ("4.750000", "4.750000"), f"POSIX sleeps: {out!r}")
    check(seen.get("time") in ("4", "5") and seen.get("goes on") == "1", f"POSIX clocks: {out!r}")
    check(abs(float(seen["started"]) - time.time()) < 600, f"the day is today: {out!r}")
    check(abs(seconds(report["time"]) - 4.752) < 1e-5, f"POSIX sleeps on the clock: {report['time']!r}")
    _, out, report = under([program], 2, **EXACT)
    check("POSIX clocks" not in report, f"without --posix-clocks: {report}")
    seen = dict(re.findall(r"^([a-z ]+) ([0-9.]+)", out, re.MULTILINE))
    check(seen["slept"] == "0.000000" and float(seen["time of day"]) >= 4.75, f"without --posix-clocks they are real: {out!r}")


def check_refusals(check):
    program = compiled(check, "mpicc", "refused.c", "-pthread")
    for call in ("MPI_Win_create", "MPI_Win_allocate", "MPI_Win_allocate_shared", "MPI_Win_create_dynamic",
                 "MPI_Comm_spawn", "MPI_Comm_spawn_multiple", "MPI_Comm_accept", "MPI_Comm_connect", "MPI_Comm_join",
                 "MPI_Intercomm_create", "MPI_Intercomm_merge", "MPI_Cancel") if program else ():
        status, out, report = under([program, call], 2)
        check.equal((status, out), (2, ""), f"{call} is refused")
        check(report["head"].startswith(f"{call}: "), f"{call}: {report['head']!r}")
    if program:
        status, out, report = under([program, "MPI_Sendrecv"], 2)
        check(status == 2 and out == "" and "thread" in report["head"], f"a second thread in MPI: {status} {out!r} {report}")
        check.equal(native([program, "MPI_Win_create"], 2)[:2], (0, "came back\n"), "MPI_Win_create without a network")


def main():
    check = Checks()
    with Folder():
        Path("steady.toml").write_text(STEADY)
        check_ping_pong(check)
        check_fortran(check)
        check_petsc(check)
        check_mpi4py(check)
        check_files(check)
        check_any_source(check)
        check_threads(check)
        check_unmatched(check)
        check_record(check)
        check_posix_clocks(check)
        check_refusals(check)
    check.end()


main()
