# SPDX-License-Identifier: BSD-3-Clause
"""Programs that know nothing of Haloscope run unmodified on a modelled network. They end with the results that they have without
it, and the report names the network, what was not exact and what was not modelled."""
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import h5py

from haloscope_program import LAUNCH, PROGRAM, SOURCE, STEADY, ProgramTest, main, own_lines

FOREIGN = SOURCE / "tests/foreign"
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


def seconds(text):
    value, unit = re.match(r"([0-9.e+-]+) (us|ms|s)\b", text).groups()
    return float(value) * {"us": 1e-6, "ms": 1e-3, "s": 1}[unit]


class Foreign(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Path("steady.toml").write_text(STEADY)

    def compiled(self, compiler, source, *options):
        """The program; without its compiler the test is skipped."""
        if shutil.which(compiler) is None:
            self.skipTest(f"{source} needs {compiler}")
        program = Path(source).stem
        done = subprocess.run([compiler, "-O1", "-o", program, str(FOREIGN / source), *options], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, f"{source} is compiled: {done.stderr}")
        return f"./{program}"

    def test_ping_pong(self):
        program = str(Path(PROGRAM).parent / "tests/ping_pong")
        status, out, report = under([program], 2, "--seed", "3", **EXACT)
        self.assertEqual(status, 0, "ping-pong")
        self.assertTrue(re.search(r"ball 10, by .* mode=virtual network=steady hash=[0-9a-f]{16} seed=3 compute=announced\.",
                                  out) is not None, f"ping-pong: {out!r}")
        self.assertTrue(re.fullmatch(r"2 ranks on 2 nodes, network steady \([0-9a-f]{16}\), virtual time, seed 3, "
                                     r"computing announced", report["head"]) is not None,
                        f"ping-pong: {report['head']!r}")
        # Ten balls there and back, 4 bytes each.
        self.assertTrue(abs(seconds(report["time"]) - 20 * (10e-6 + 4e-9)) < 1e-12, f"ping-pong: time {report['time']!r}")
        self.assertTrue(report["messages"].startswith("20 with 80 bytes"), f"ping-pong: {report['messages']!r}")
        self.assertEqual(report["exact"], "yes", "ping-pong is exact")
        _, _, within = under([program], 2, "--ranks-per-node", "2", "--set-network", "within_node.half_round_trip_us=3", **EXACT)
        self.assertIn("2 ranks on 1 node,", within["head"], f"ping-pong within a node: {within['head']!r}")
        self.assertTrue(abs(seconds(within["time"]) - 20 * (3e-6 + 4e-10)) < 1e-12, f"ping-pong within a node: {within['time']!r}")
        _, _, off = under([program], 2, "--without", "latency,bandwidth", **EXACT)
        self.assertEqual(off.get("without"), "latency,bandwidth", "ping-pong without latency and bandwidth")
        self.assertTrue(seconds(off["time"]) < seconds(report["time"]), f"ping-pong without latency: {off['time']!r}")
        _, _, left = under([program], 2, HALOSCOPE_COMPUTE="announced", HALOSCOPE_SEED="9")  # by somebody's shell
        self.assertTrue(left["head"].endswith("virtual time, seed 1, computing cpu"),
                        f"what the environment held does not count: {left['head']!r}")
        status, out, report = under([program], 2, "--clock", "real")
        self.assertTrue(status == 0 and "mode=real" in out and report["head"].endswith(", real time, seed 1, computing native"),
                        f"ping-pong in real time: {out!r} {report}")
        self.assertTrue(seconds(report["time"]) >= 20 * (10e-6 + 4e-9), f"ping-pong in real time: {report['time']!r}")

    def test_fortran(self):
        for source in ("calls_mpi.f90", "calls_f08.f90"):
            with self.subTest(source):
                program = self.compiled("mpif90", source)
                for ranks in (2, 5):
                    _, plain, _ = native([program], ranks)
                    status, out, report = under([program], ranks, **EXACT)
                    what = f"{source} on {ranks}"
                    self.assertEqual(status, 0, what)
                    results = [line for line in out.splitlines() if line.endswith((" T", " F"))]
                    self.assertTrue(len(results) >= 9 and all(line.endswith(" T") for line in results), f"{what}: {out!r}")
                    self.assertEqual(results, [line for line in plain.splitlines() if line.endswith((" T", " F"))],
                                     f"{what}: as without a network")
                    trip = re.search(r"half_round_trip_us +([0-9.]+)", out)
                    self.assertTrue(trip is not None and abs(float(trip.group(1)) - 10.004) < 1e-6,
                                    f"{what}: MPI_Wtime reads the clock: {out!r}")
                    self.assertIn("MPI_Cart_create", report.get("not modelled", ""), f"{what}: {report}")
                    if source == "calls_mpi.f90":
                        self.assertIn("by +interconnect mode=virtual network=steady", out, f"{what}: signed: {out!r}")

    def test_petsc(self):
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "PETSc"], capture_output=True, text=True, check=False)
        self.assertEqual(flags.returncode, 0, "pkg-config knows PETSc")
        program = self.compiled("mpicc", "petsc_poisson.c", *flags.stdout.split(), "-lm")
        grid = ["-da_grid_x", "33", "-da_grid_y", "33"]
        # PETSc itself finds out who sends to whom by receives of MPI_ANY_SOURCE, while it builds its matrices.
        set_up = r"MPI_Irecv of MPI_ANY_SOURCE \d+"
        for solver, inexact in (("-ksp_type cg -pc_type jacobi", set_up), ("-ksp_type pipecg -pc_type jacobi", set_up),
                                ("-ksp_type cg -pc_type mg -da_refine 2", set_up), ("-ksp_type cg -pc_type gamg", set_up),
                                ("-ksp_type preonly -pc_type lu -pc_factor_mat_solver_type mumps", r".*MPI_Iprobe \d+.*")):
            with self.subTest(solver):
                command = [program, *grid, *solver.split()]
                _, plain, err = native(command, 4)
                status, out, report = under(command, 4)
                self.assertEqual(status, 0, f"PETSc {solver}")
                wanted, found = (dict(line.split() for line in text.splitlines()) for text in (plain, out))
                self.assertEqual(sorted(found), ["error", "iterations", "norm"], f"PETSc {solver}: {plain!r} {err!r} {out!r}")
                self.assertTrue(abs(int(found["iterations"]) - int(wanted["iterations"])) <= 1,
                                f"PETSc {solver}: iterations {plain!r} {out!r}")
                for name in ("norm", "error"):
                    self.assertTrue(abs(float(found[name]) / float(wanted[name]) - 1) < 1e-6,
                                    f"PETSc {solver}: {name} {plain!r} {out!r}")
                self.assertIn("4 ranks on 4 nodes, network steady", report["head"], f"PETSc {solver}: {report['head']!r}")
                # MUMPS asks whether messages have come, from Fortran.
                self.assertTrue(re.fullmatch(f"no, these followed the order of real arrival: {inexact}",
                                             report["exact"]) is not None,
                                f"PETSc {solver}: {report['exact']!r}")
                shares = [float(share) for share in re.findall(r"([0-9.]+) %", report["efficiency"])]
                self.assertTrue(len(shares) == 4 and abs(shares[1] * shares[2] * shares[3] / 1e4 - shares[0]) < 0.2,
                                f"PETSc {solver}: {shares}")

    def test_mpi4py(self):
        python = "/usr/bin/python3"
        if subprocess.run([python, "-c", "import mpi4py"], capture_output=True, check=False).returncode != 0:
            self.skipTest("program.py needs mpi4py")
        command = [python, str(FOREIGN / "program.py")]
        _, plain, err = native(command, 3)
        status, out, report = under(command, 3)
        self.assertEqual((status, out), (0, plain), f"mpi4py: {err!r} {report}")
        self.assertIn("total 4.5", out, f"mpi4py: {out!r}")
        self.assertTrue("3 ranks on 3 nodes" in report["head"] and "MPI_Comm_split 3" in report["not modelled"],
                        f"mpi4py: {report}")

    def test_files(self):
        program = self.compiled("mpicc", "files.c")
        self.assertEqual(native([program, "native.bin"], 3)[:2], (0, "wrong 0\n"), "MPI-IO without a network")
        status, out, report = under([program, "virtual.bin"], 3, **EXACT)
        self.assertEqual((status, out), (0, "wrong 0\n"), "MPI-IO")
        self.assertEqual(Path("virtual.bin").read_bytes(), Path("native.bin").read_bytes(), "MPI-IO: the file")
        for call in ("MPI_File_open 3", "MPI_File_write_at_all 3", "MPI_File_read_at 3", "MPI_Comm_free 3"):
            self.assertIn(call, report["not modelled"], f"MPI-IO: {call} in {report['not modelled']!r}")
        self.assertEqual(report["exact"], "yes", "MPI-IO")

    def test_any_source(self):
        """The report and the run file name what followed real arrival, also where the name holds spaces."""
        program = self.compiled("mpicxx", "any_source.cpp", "-std=c++20", "-DOMPI_SKIP_MPICXX=1", f"-I{SOURCE}/include")
        status, out, report = under([program], 4, "--record", "any.h5", **EXACT)
        self.assertEqual((status, out), (0, "order 3 2 1\n"), "MPI_ANY_SOURCE: by arrival in modelled time")
        self.assertEqual(report["exact"], "no, these followed the order of real arrival: MPI_Probe of MPI_ANY_SOURCE 1, "
                                          "MPI_Recv of MPI_ANY_SOURCE 2", "MPI_ANY_SOURCE")
        with h5py.File("any.h5") as file:
            self.assertEqual(file.attrs["exact"], 0, "MPI_ANY_SOURCE: the run file")
            self.assertIn("MPI_Recv of MPI_ANY_SOURCE", str(dict(file.attrs)),
                          f"MPI_ANY_SOURCE: the run file: {dict(file.attrs)}")

    def test_unmatched(self):
        """Pausing the model around one end of a message leaves the other without its partner, and the report says so."""
        program = self.compiled("mpicc", "half_paused.c")
        status, out, report = under([program, "both"], 2, **EXACT)
        self.assertEqual((status, out, report["exact"], report.get("unmatched")), (0, "ball 7\n", "yes", None),
                         "paused at both ends")
        status, out, report = under([program, "receiver"], 2, "--record", "half.h5", **EXACT)
        self.assertEqual((status, out, report["exact"]), (0, "ball 7\n", "no"), "paused at one end")
        self.assertTrue(report.get("unmatched", "").startswith("1 end(s) of messages"), f"paused at one end: {report}")
        with h5py.File("half.h5") as file:
            self.assertEqual((file.attrs["exact"], file.attrs["inexact_calls"]), (0, "unmatched messages 1"),
                             "paused at one end: the run file")

    def test_threads(self):
        """The report tells of computing that the logical clock cannot see, and the run file warns of it."""
        program = self.compiled("mpicc", "threads.c", "-pthread")
        for threads in (0, 2):
            status, out, report = under([program, str(threads)], 2, "--record", f"threads{threads}.h5")
            self.assertEqual((status, out), (0, "computed\n"), f"{threads} other threads")
            found = re.search(r"computing of other threads \[ms\] (\d+)", report.get("not modelled", ""))
            with h5py.File(f"threads{threads}.h5") as file:
                warned = [text for text in file.attrs["warnings"] if "other threads" in text]
            if threads == 0:
                self.assertTrue(found is None and warned == [], f"no other threads: {report} {warned}")
            else:
                self.assertTrue(found is not None and int(found.group(1)) >= 399, f"{threads} other threads: {report}")
                self.assertTrue(len(warned) == 1 and "did not count" in warned[0], f"{threads} other threads: {warned}")
        _, _, report = under([program, "2"], 2, **EXACT)
        self.assertNotIn("other threads", report.get("not modelled", ""), f"announced computing is nobody's CPU time: {report}")

    def test_record(self):
        """The run file of a program that writes none."""
        program = str(Path(PROGRAM).parent / "tests/ping_pong")
        status, _, report = under([program], 2, "--record", "virtual.h5", "--seed", "7", **EXACT)
        self.assertEqual(status, 0, f"a record in virtual time: {report}")
        with h5py.File("virtual.h5") as file:
            self.assertEqual(dict(file.attrs)["valid"], 1, "the record is valid")
            names = ("network", "clock", "case_name", "network_seed", "exact", "ranks_per_node", "compute", "posix_clocks")
            self.assertEqual([file.attrs[name] for name in names],
                             ["steady", "virtual", "ping_pong", 7, 1, 1, "announced", 0], "the record's network")
            self.assertIn(f"{program}", file.attrs["command_line"],
                          f"the record's command line: {file.attrs['command_line']!r}")
            timing = file["timing"]
            self.assertEqual(timing["step_seconds"].shape, (1, 2), "one step, two ranks")
            self.assertTrue(abs(timing["step_seconds"][:].max() - 20 * (10e-6 + 4e-9)) < 1e-12,
                            f"the record's time: {timing['step_seconds'][:]}")
            self.assertEqual((timing["messages"][:].sum(), timing["bytes"][:].sum()), (20, 80), "the record's messages")
            other = list(timing["phase_seconds"].attrs["phases"]).index("other")
            self.assertEqual(list(timing["phase_seconds"][0, :, other]), list(timing["step_seconds"][0]), "one phase")
            self.assertTrue(timing["point_to_point_seconds"][0, 0, other] > 190e-6, "nearly all the time goes into messages")
            self.assertTrue(timing["compute_seconds"][:].sum() == 0 and timing["ideal_seconds"][:].sum() == 0,
                            "nothing was announced")
        shown = subprocess.run([PROGRAM, "show", "virtual.h5"], capture_output=True, text=True, check=False)
        self.assertTrue(shown.returncode == 0 and "VALID" in shown.stdout and "network steady, clock virtual" in shown.stdout,
                        f"haloscope show: {shown}")

        line = [PROGRAM, "under", "--record", "native.h5", "--", *LAUNCH, "-n", "3", program]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
        self.assertTrue(done.returncode == 0 and "mode=record" in done.stdout and len(own_lines(done.stderr)) == 1,
                        f"a plain record: {done}")
        with h5py.File("native.h5") as file:
            self.assertEqual((file.attrs["network"], file.attrs["clock"], file["timing/step_seconds"].shape),
                             ("native", "native", (1, 3)),
                             "a plain record")
            self.assertTrue(file["timing/step_seconds"][:].min() > 0 and file["timing/messages"][:].sum() == 20,
                            "a plain record counts")
            self.assertNotIn("compute_seconds", file["timing"], "only virtual time knows the twin")
        before = Path("native.h5").read_bytes()
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
        self.assertTrue(done.returncode == 2 and "--force" in done.stderr and done.stdout == "", f"a record that exists: {done}")
        self.assertTrue(Path("native.h5").read_bytes() == before, "a record that exists is left alone")
        done = subprocess.run([*line[:4], "--force", *line[4:]], capture_output=True, text=True, timeout=60, check=False)
        self.assertTrue(done.returncode == 0 and Path("native.h5").read_bytes() != before, f"a record overwritten: {done}")
        both = f"{' '.join(line[5:])}; {' '.join(line[5:])}"  # two programs, one file: the second says so, and ends well
        done = subprocess.run([*line[:3], "both.h5", "--", "sh", "-c", both], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertTrue(done.returncode == 0 and
                        re.search(r"^haloscope: .*both\.h5: .*exists", done.stderr, re.MULTILINE) is not None,
                        f"two programs and one record: {done}")

    def test_posix_clocks(self):
        program = self.compiled("mpicc", "posix_clocks.c")
        status, out, report = under([program], 2, "--posix-clocks", **EXACT)
        seen = dict(re.findall(r"^([a-z ]+) ([0-9.]+)", out, re.MULTILINE))
        self.assertIn("POSIX clocks", report, f"POSIX clocks are reported: {report}")
        self.assertEqual((status, seen.get("monotonic")), (0, "2000.800"), f"POSIX clocks: {out!r} {report}")
        self.assertTrue(abs(float(seen["real"]) - 2000.8) < 0.5, f"POSIX clocks: {out!r}")  # a double holds the date to 0.2 us
        self.assertEqual((seen.get("slept"), seen.get("time of day")), ("4.750000", "4.750000"), f"POSIX sleeps: {out!r}")
        self.assertTrue(seen.get("time") in ("4", "5") and seen.get("goes on") == "1", f"POSIX clocks: {out!r}")
        self.assertTrue(abs(float(seen["started"]) - time.time()) < 600, f"the day is today: {out!r}")
        self.assertTrue(abs(seconds(report["time"]) - 4.752) < 1e-5, f"POSIX sleeps on the clock: {report['time']!r}")
        _, out, report = under([program], 2, **EXACT)
        self.assertNotIn("POSIX clocks", report, f"without --posix-clocks: {report}")
        seen = dict(re.findall(r"^([a-z ]+) ([0-9.]+)", out, re.MULTILINE))
        self.assertTrue(seen["slept"] == "0.000000" and float(seen["time of day"]) >= 4.75,
                        f"without --posix-clocks they are real: {out!r}")

    def test_refusals(self):
        program = self.compiled("mpicc", "refused.c", "-pthread")
        for call in ("MPI_Win_create", "MPI_Win_allocate", "MPI_Win_allocate_shared", "MPI_Win_create_dynamic",
                     "MPI_Comm_spawn", "MPI_Comm_spawn_multiple", "MPI_Comm_accept", "MPI_Comm_connect", "MPI_Comm_join",
                     "MPI_Intercomm_create", "MPI_Intercomm_merge", "MPI_Cancel"):
            with self.subTest(call):
                status, out, report = under([program, call], 2)
                self.assertEqual((status, out), (2, ""), f"{call} is refused")
                self.assertTrue(report["head"].startswith(f"{call}: "), f"{call}: {report['head']!r}")
        status, out, report = under([program, "MPI_Sendrecv"], 2)
        self.assertTrue(status == 2 and out == "" and "thread" in report["head"],
                        f"a second thread in MPI: {status} {out!r} {report}")
        self.assertEqual(native([program, "MPI_Win_create"], 2)[:2], (0, "came back\n"), "MPI_Win_create without a network")


if __name__ == "__main__":
    main()
