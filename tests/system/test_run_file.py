# SPDX-License-Identifier: BSD-3-Clause
"""The run file of each problem on 1 and 2 ranks: schema version 1, phases that sum to the step, the summary and its twin."""
from pathlib import Path

import h5py
import numpy

from haloscope_program import CUBE, SWEEP, VORTEX, ProgramTest, main, run

# Root attributes (cases/RUN_FILE.md) and the kind of each.
TEXT = ["schema", "case_name", "case_text", "effective_case", "command_line", "created_utc", "haloscope_version", "git_commit",
        "compiler", "compiler_flags", "mpi_library", "petsc_version", "hdf5_version", "network", "clock",
        "clock_uncertainty_seconds", "clock_residual_seconds"]
WHOLE = ["schema_version", "valid", "ranks", "ranks_per_node", "seed", "warmup_steps", "steps_completed"]
PER_RANK = ["host", "numa_node", "package"]


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


class RunFile(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, case in (("vortex", VORTEX), ("cube", CUBE), ("sweep", SWEEP)):
            Path(f"{name}.toml").write_text(case)

    def check_schema(self, what, file, ranks, steps):
        for name in TEXT:
            self.assertTrue(name in file.attrs and len(text(file.attrs[name])) > 0, f"{what}: text attribute {name}")
        for name in WHOLE:
            self.assertTrue(name in file.attrs and numpy.issubdtype(numpy.asarray(file.attrs[name]).dtype, numpy.integer),
                            f"{what}: integer attribute {name}")
        self.assertIn("invalid_reasons", file.attrs, f"{what}: attribute invalid_reasons")
        self.assertEqual(text(file.attrs["schema"]), "haloscope-run", f"{what}: schema")
        self.assertEqual(int(file.attrs["schema_version"]), 1, f"{what}: schema version")
        self.assertEqual(int(file.attrs["ranks"]), ranks, f"{what}: ranks")
        self.assertEqual(int(file.attrs["steps_completed"]), steps, f"{what}: steps")

        phases = [text(name) for name in file["timing/phase_seconds"].attrs["phases"]]
        self.assertEqual(phases, ["other", "halo", "momentum", "projection", "krylov", "stencil", "smoother", "coarse", "monitor"],
                         f"{what}: phases")
        shapes = {"step_seconds": 2, "step_start_seconds": 2, "phase_seconds": 3, "point_to_point_seconds": 3,
                  "collective_seconds": 3, "messages": 3, "bytes": 3, "collectives": 3}
        for name, rank_of_array in shapes.items():
            found = file["timing"][name]
            wanted = (steps, ranks) if rank_of_array == 2 else (steps, ranks, len(phases))
            self.assertEqual(found.shape, wanted, f"{what}: shape of {name}")
            self.assertEqual(found.dtype.str, "<i8" if name in ("messages", "bytes", "collectives") else "<f8",
                             f"{what}: type of {name}")
        for name, found in file["solver"].items():
            self.assertEqual((found.shape, found.dtype.str), ((steps,), "<f8"), f"{what}: /solver/{name}")
            self.assertTrue(numpy.isfinite(found[:]).all(), f"{what}: /solver/{name} is finite")
        for name in PER_RANK:
            self.assertEqual(file["ranks"][name].shape, (ranks,), f"{what}: /ranks/{name}")
        self.assertIn("topology_xml", file["machine"], f"{what}: topology")

    def check_times(self, what, file):
        step = file["timing/step_seconds"][:]
        gap = numpy.abs(file["timing/phase_seconds"][:].sum(axis=2) - step) / step
        self.assertTrue(gap.max() <= 0.01, f"{what}: phases sum to the step within 1 %, worst {gap.max():.3g}")
        self.assertTrue(step.min() > 0, f"{what}: every step took time")
        start = file["timing/step_start_seconds"][:]
        self.assertTrue((numpy.diff(start, axis=0) >= step[:-1] * (1 - 1e-9)).all(), f"{what}: steps follow each other")
        for name in ("point_to_point_seconds", "collective_seconds"):
            part = file["timing"][name][:]
            self.assertTrue((part >= 0).all(), f"{what}: {name} is there and not negative")
            self.assertTrue((part.sum(axis=2) <= step * 1.001).all(), f"{what}: {name} is part of the step")

    def one_run(self, name, ranks, steps):
        what = f"{name} on {ranks}"
        status, out, err = run(["run", f"{name}.toml"], ranks)
        self.assertEqual(status, 0, f"{what}: exit code ({err.strip()!r})")
        self.assertNotIn("haloscope: ", err, f"{what}: standard error holds warnings only: {err!r}")
        path = f"{name}-{ranks}ranks.h5"
        self.assertTrue(out.endswith(f"  VALID\n  {path}\n"), f"{what}: the summary ends with the verdict: {out[-200:]!r}")
        status, shown, err = run(["show", path])
        self.assertEqual((status, err), (0, ""), f"{what}: show")
        self.assertEqual(shown, out, f"{what}: show prints what run printed")
        with h5py.File(path) as file:
            self.check_schema(what, file, ranks, steps)
            self.check_times(what, file)
            self.assertEqual(int(file.attrs["valid"]), 1, f"{what}: valid")
            self.assertTrue(Path(f"{name}.toml").read_text() == text(file.attrs["case_text"]), f"{what}: case text")
            sent = file["timing/messages"][:].sum()
            self.assertEqual(sent > 0, ranks > 1, f"{what}: messages are sent between ranks only")
            return {key: file["solver"][key][:] for key in file["solver"]}

    def test_vortex(self):
        alone, both = self.one_run("vortex", 1, 40), self.one_run("vortex", 2, 40)
        energy = numpy.abs(alone["kinetic_energy"] / both["kinetic_energy"] - 1).max()
        self.assertTrue(energy < 1e-7, f"vortex: one energy on 1 and 2 ranks, apart by {energy:.3g}")
        with h5py.File("vortex-2ranks.h5") as file:
            y = file["profiles/u_along_y/coordinate"][:]
            u = file["profiles/u_along_y/value"][:]
            time = file["solver/time"][-1]
            error = numpy.abs(u - numpy.cos(y) * numpy.exp(-2 * 0.01 * time)).max()
            self.assertTrue(error < 0.02, f"vortex: profile of u, error {error:.3g}")
            self.assertEqual([text(name) for name in file["expect/name"][:]], ["velocity_error_max"], "vortex: names of checks")
            self.assertEqual(len(file["expect/measured"]), 1, "vortex: number of checks")

    def test_cube(self):
        self.one_run("cube", 1, 5)
        self.one_run("cube", 2, 5)
        self.check_force("cube-2ranks.h5")

    def check_force(self, path):
        """--force overwrites a run file, and nothing else does."""
        before = Path(path).read_bytes()
        status, _, err = run(["run", "cube.toml"], 2)
        self.assertEqual(status, 2, f"an existing file: exit code ({err!r})")
        self.assertTrue(Path(path).read_bytes() == before, "an existing file is kept")
        status, _, err = run(["run", "cube.toml", "--force", "--steps", "2"], 2)
        self.assertEqual(status, 0, f"--force: exit code ({err!r})")
        with h5py.File(path) as file:
            self.assertEqual(int(file.attrs["steps_completed"]), 2, "--force: the new run is there")

    def test_sweep(self):
        self.one_run("sweep", 1, 8)
        self.one_run("sweep", 2, 8)
        with h5py.File("sweep-2ranks.h5") as file:
            self.assertEqual(file["profiles/exchange_seconds/coordinate"][:].tolist(), [8 * 2 * n * n for n in (1, 4, 9)],
                             "sweep: bytes of a message")
            self.assertTrue((file["profiles/exchange_seconds/value"][:] > 0).all(), "sweep: seconds of an exchange")

    def test_failing(self):
        """A run that misses an expectation says so everywhere, and wrong physics does not pass."""
        status, out, _ = run(["run", "vortex.toml", "--output", "bad.h5", "--set", "flow.viscosity_m2_per_s=0.02", "--steps", "3",
                              "--set", "halo.method=mock"], 2)
        self.assertEqual(status, 4, "mock: exit code")
        self.assertTrue("INVALID" in out and "fields were not exchanged" in out, f"mock: verdict {out!r}")
        with h5py.File("bad.h5") as file:
            self.assertEqual(int(file.attrs["valid"]), 0, "mock: valid")
            reasons = [text(reason) for reason in file.attrs["invalid_reasons"]]
            self.assertTrue(any("fields were not exchanged" in reason for reason in reasons), f"mock: reasons {reasons}")
        strict = VORTEX.replace("tolerance = 0.01\n", "tolerance = 1e-12\n")
        self.assertTrue(strict != VORTEX, "strict: the tolerance was replaced")
        Path("strict.toml").write_text(strict.replace('"vortex"', '"strict"'))
        status, out, _ = run(["run", "strict.toml"], 2)
        self.assertEqual(status, 4, "strict: exit code")
        self.assertTrue("FAIL" in out and "INVALID" in out, f"strict: verdict {out!r}")


if __name__ == "__main__":
    main()
