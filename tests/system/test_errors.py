# SPDX-License-Identifier: BSD-3-Clause
"""A user's mistake: one line on standard error, nothing on standard output, exit code 2; alone and under mpirun alike."""
import re
from pathlib import Path

from haloscope_program import CUBE, STEADY, VORTEX, ProgramTest, main, own_lines, run

# What is wrong, the arguments, and a pattern that the line must hold: which file and key, and what is allowed.
MISTAKES = [
    ("no such file", ["run", "missing.toml"], r"missing\.toml: "),
    ("a folder", ["run", "folder"], r"folder: "),
    ("no case at all", ["run"], r"CASE.*haloscope run --help"),
    ("an unknown flag", ["run", "cube.toml", "--stepz", "3"], r"--stepz.*haloscope run --help"),
    ("a word for steps", ["run", "cube.toml", "--steps", "many"], r"steps: .*many"),
    ("no steps", ["run", "cube.toml", "--steps", "0"], r"run\.steps: 0: .*at least 1"),
    ("a negative seed", ["run", "cube.toml", "--seed=-4"], r"run\.seed: -4: "),
    ("a syntax error", ["run", "syntax.toml"], r"syntax\.toml:3:"),
    ("an unknown key", ["run", "cube.toml", "--set", "grid.cels=[8,8,8]"], r"grid\.cels: .*grid\.cells"),
    ("an override without a value", ["run", "cube.toml", "--set", "grid.cells"], r"grid\.cells"),
    ("a wrong type", ["run", "cube.toml", "--set", "poisson.max_iterations=1.5"], r"poisson\.max_iterations: 1\.5: "),
    ("a negative size", ["run", "cube.toml", "--set", "grid.cells=[8,-8,8]"], r"grid\.cells: .*integer"),
    ("a size of zero", ["run", "cube.toml", "--set", "grid.cells=[0,8,8]"], r"grid\.cells: .*integer"),
    ("two sizes", ["run", "cube.toml", "--set", "grid.cells=[8,8]"], r"grid\.cells: .*x, y, z"),
    ("not a number", ["run", "vortex.toml", "--set", "flow.viscosity_m2_per_s=nan"], r"viscosity_m2_per_s: .*positive"),
    ("a negative viscosity", ["run", "vortex.toml", "--set", "flow.viscosity_m2_per_s=-1"], r"viscosity_m2_per_s: .*positive"),
    ("an unstable dt", ["run", "vortex.toml", "--set", "flow.dt_s=5.0"], r"flow\.dt_s: 5"),
    ("an unknown halo method", ["run", "cube.toml", "--set", "halo.method=pigeon"], r"halo\.method: .*pigeon.*persistent"),
    ("an unknown Krylov method", ["run", "cube.toml", "--set", "poisson.krylov=wishful"], r"wishful"),
    ("a PETSc option that nothing uses", ["run", "cube.toml", "--", "-ksp_tipe", "cg"], r"-ksp_tipe"),
    ("a PETSc option with a value it does not know", ["run", "cube.toml", "--", "-ksp_type", "conjugate"],
     r"PETSc options: .*conjugate"),
    ("a process grid that does not fit", ["run", "cube.toml", "--set", "grid.process_grid=[1,1,3]"], r"process_grid|process grid"),
    ("an output in no folder", ["run", "cube.toml", "--output", "nowhere/out.h5"], r"nowhere/out\.h5: "),
    ("a probe of no time", ["probe", "--seconds", "0"], r"--seconds: 0: .*haloscope probe --help"),
    ("a probe's file that exists", ["probe", "--output", "there.h5"], r"there\.h5: .*--output.*--force"),
    ("a probe's file in no folder", ["probe", "--output", "nowhere/out.h5"], r"nowhere/out\.h5: cannot be written"),
    ("a probe with words after --", ["probe", "--", "-ksp_view"], r"-ksp_view: probe takes nothing"),
    ("no such network", ["run", "cube.toml", "--network", "no-such-network"], r"no-such-network: .*nearest"),
    ("a network with a mistake", ["run", "cube.toml", "--network", "wrong.toml"], r"wrong\.toml:.*gap_us: -0\.5"),
    ("a network changed to a mistake", ["run", "cube.toml", "--network", "ideal", "--set-network", "between_nodes.gap_us=-1"],
     r"gap_us: -1"),
    ("an unknown clock", ["run", "cube.toml", "--network", "ideal", "--clock", "sun"], r"--clock: sun: must be virtual or real"),
    ("no ranks a node", ["run", "cube.toml", "--network", "ideal", "--ranks-per-node", "0"], r"--ranks-per-node: 0: .*from 1"),
    ("an unknown ingredient", ["run", "cube.toml", "--network", "ideal", "--without", "love"],
     r"--without: love: must be of latency"),
    ("a clock without a network", ["run", "cube.toml", "--clock", "virtual"], r"--clock: needs --network"),
    ("an unknown key on a network", ["run", "cube.toml", "--network", "ideal", "--set", "grid.cels=[8,8,8]"], r"grid\.cels: "),
    ("a key of the network given to the case", ["run", "cube.toml", "--network", "ideal", "--set", "between_nodes.gap_us=1"],
     r"between_nodes\.gap_us: .*--set-network"),
    ("a compute model without a network", ["run", "cube.toml", "--compute", "model"], r"--compute: needs --network"),
    ("a compute model in real time", ["run", "cube.toml", "--network", "ideal", "--clock", "real", "--compute", "model"],
     r"--compute: model: needs --clock virtual"),
    ("no such compute model", ["run", "cube.toml", "--network", "ideal", "--compute", "abacus"],
     r"--compute: abacus: must be cpu, model"),
    ("a compute model with a mistake", ["run", "cube.toml", "--network", "ideal", "--compute", "cube.toml"],
     r"cube\.toml:about\.problem: unknown key"),
    ("a calibration on a network", ["run", "cube.toml", "--network", "ideal", "--calibrate", "new.toml"],
     r"--calibrate: .*--network"),
    ("a calibration of a model", ["run", "cube.toml", "--compute", "model", "--calibrate", "new.toml"],
     r"--calibrate: .*--compute"),
    ("a compute model that lacks a phase", ["run", "cube.toml", "--network", "ideal", "--compute", "thin.toml"],
     r"--compute: thin\.toml: has no \[halo\], .*--calibrate"),
    ("materials that overlap", ["run", "transport", "--set",
                                'fill=[{material="scatterer"},{material="other"}]', "--set",
                                'material=[{name="scatterer",total_per_cm=1},{name="other",total_per_cm=1}]'],
     r"--set:fill\.priority: 0: must differ where fills of two materials overlap"),
    ("scattering above total", ["run", "transport", "--set", 'material=[{name="a",total_per_cm=1,scattering_per_cm=1.1}]'],
     r"--set:material\.scattering_per_cm: \[1\.1\]: must sum to at most the total 1 "),
    ("a source outside the grid", ["run", "transport", "--set", "source=[{low_cm=[-1,0,0],high_cm=[1,1,1]}]"],
     r"--set:source\.low_cm: .*must lie in the grid"),
    ("an output that exists", ["run", "cube.toml", "--output", "there.h5"], r"there\.h5: .*--force"),
]

# One of each stage at which all ranks must find the same mistake: the file, its keys, the network, PETSc, and the run file.
ON_RANKS = ("a syntax error", "an unknown key", "a network with a mistake", "a PETSc option that nothing uses",
            "an output in no folder")

# Mistakes of commands that need no MPI.
ELSEWHERE = [
    ("no command", [], r"haloscope --help"),
    ("an unknown command", ["walk"], r"walk|haloscope --help"),
    ("show without a file", ["show"], r"FILE.*haloscope show --help"),
    ("show of no file", ["show", "missing.h5"], r"missing\.h5: "),
    ("show of a text", ["show", "cube.toml"], r"cube\.toml: "),
    ("show of an empty file", ["show", "empty.h5"], r"empty\.h5: "),
]


class Errors(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Path("vortex.toml").write_text(VORTEX)
        Path("cube.toml").write_text(CUBE)
        Path("syntax.toml").write_text('[about]\nname = "x"\nproblem = = 3\n')
        Path("thin.toml").write_text('[about]\nname = "thin"\n[other]\nseconds_per_call = 0\nbytes = 1\nseconds_per_GB = 0\n')
        Path("wrong.toml").write_text(STEADY.replace("gap_us = 0.5", "gap_us = -0.5"))
        Path("there.h5").write_text("not yours to overwrite")
        Path("empty.h5").write_text("")
        Path("folder").mkdir()

    def tearDown(self):
        self.assertEqual(Path("there.h5").read_text(), "not yours to overwrite", "an existing file is left alone")
        left = sorted(path.name for path in self.folder.iterdir())
        self.assertEqual(left, ["cube.toml", "empty.h5", "folder", "syntax.toml", "there.h5", "thin.toml", "vortex.toml",
                                "wrong.toml"], "nothing is left behind")

    def expect_one_line(self, what, result, pattern, launched=True):
        status, out, err = result
        lines = own_lines(err) if launched else err.splitlines()
        self.assertEqual(status, 2, f"{what}: exit code ({err.strip()!r})")
        self.assertTrue(len(lines) == 1 and lines[0].startswith("haloscope: "),
                        f"{what}: one line on standard error, found {err!r}")
        self.assertTrue("MPI_ABORT" not in err and "MPI_Abort" not in err, f"{what}: nobody aborts: {err!r}")
        self.assertTrue(re.search(pattern, err) is not None, f"{what}: {pattern!r} in {err!r}")
        self.assertEqual(out, "", f"{what}: standard output")

    def test_commands_without_mpi(self):
        for what, arguments, pattern in ELSEWHERE:
            with self.subTest(what):
                self.expect_one_line(what, run(arguments), pattern, launched=False)

    def test_alone(self):
        for what, arguments, pattern in MISTAKES:
            with self.subTest(what):
                self.expect_one_line(what, run(arguments), pattern)

    def test_on_ranks(self):
        mistakes = {what: (arguments, pattern) for what, arguments, pattern in MISTAKES}
        for what in ON_RANKS:
            for ranks in (1, 2):
                with self.subTest(what, ranks=ranks):
                    arguments, pattern = mistakes[what]
                    self.expect_one_line(f"{what} on {ranks}", run(arguments, ranks), pattern)

    def test_calibration(self):
        for what, path, pattern in (("exists", "cube.toml", r"cube\.toml: exists: .*--force"),
                                    ("lies in no folder", "nowhere/new.toml", r"nowhere: no such folder")):
            with self.subTest(what):
                self.expect_one_line(f"a calibration that {what}", run(["run", "vortex.toml", "--calibrate", path], 2), pattern)

    def test_more_ranks_than_cells(self):
        self.expect_one_line("more ranks than cells", run(["run", "cube.toml", "--set", "grid.cells=[1,1,1]"], 2), r"cells")

    def test_read_only_folder(self):
        """In /proc not even root may make a file."""
        self.expect_one_line("a read-only folder", run(["run", self.folder / "cube.toml"], 2, cwd="/proc"), r"cube-2ranks\.h5: ")


if __name__ == "__main__":
    main()
