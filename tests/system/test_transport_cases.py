# SPDX-License-Identifier: BSD-3-Clause
"""The shipped transport cases, cut short. They end VALID on 1, 2 and 4 ranks and in virtual time, with the same whole numbers in
every step on any number of ranks. They end INVALID where a value is wrong, or an error is larger than the case allows."""
import re
from pathlib import Path

import h5py

from haloscope_program import SOURCE, ProgramTest, main, run

CASES = SOURCE / "cases"
NETWORK = ["--network", "ib-edr-sriov-azure-hc44rs-day"]
COUNTS = ("histories", "secondaries", "segments", "collisions", "absorbed", "leaked", "rouletted", "lost")

# Particles a step: some tenths of a second for each case, with 20 steps or 30.
PARTICLES = {
    "transport": 2000, "transport_corner": 2000, "transport_attenuation": 8000, "transport_infinite": 2000,
    "transport_two_group": 400, "transport_k_infinite": 300, "transport_slab": 2000, "transport_slab_anisotropic": 2000,
    "transport_sphere": 2000, "kobayashi_1_absorber": 10000, "kobayashi_1_scattering": 6000}


def shorten(name):
    """The case with fewer particles and steps; its errors, of so few, may be of any size."""
    text = (CASES / f"{name}.toml").read_text(encoding="utf-8")
    steps = 30 if "eigenvalue" in text else 20
    for pattern, value in ((r"^particles = \d+", f"particles = {PARTICLES[name]}"), (r"^steps = \d+", f"steps = {steps}"),
                           (r"^inactive_steps = \d+", "inactive_steps = 10"), (r"^relative_error = .*\n", "")):
        text, found = re.subn(pattern, value, text, flags=re.MULTILINE)
        if not found and not pattern.startswith("^inactive"):
            raise AssertionError(f"{name}: nothing like {pattern}")
    return text


def counts(path):
    with h5py.File(path) as file:
        return {name: file[f"solver/{name}"][()].tolist() for name in COUNTS}


class TransportCases(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in PARTICLES:
            Path(f"{name}.toml").write_text(shorten(name), encoding="utf-8")

    def run_case(self, case, output, ranks, *arguments, status=0):
        found, out, err = run(["run", case, "--output", output, *arguments], ranks, timeout=300)
        self.assertEqual(found, status, f"{output} on {ranks} ranks: exit code ({out[-1500:]} {err[-500:]})")
        return out

    def test_any_ranks(self):
        for name in PARTICLES:
            with self.subTest(name):
                self.check_case(name)

    def check_case(self, name):
        case = f"{name}.toml"
        self.run_case(case, f"{name}-1.h5", 1)
        alone = counts(f"{name}-1.h5")
        self.assertTrue(sum(alone["histories"]) > 0 and sum(alone["lost"]) == 0, f"{name}: histories, and none lost")
        for ranks, arguments in ((2, []), (4, []), (4, NETWORK)):
            output = f"{name}-{ranks}{'-virtual' if arguments else ''}.h5"
            self.run_case(case, output, ranks, *arguments)
            self.assertEqual(counts(output), alone, f"{output}: counts of every step as on one rank")

    def test_many_ranks(self):
        """7 ranks cut no axis evenly; on 64 a box has 4 or 8 cells an axis."""
        for name, ranks in (("transport", 7), ("transport_sphere", 7), ("kobayashi_1_scattering", 7), ("transport_sphere", 64)):
            with self.subTest(name, ranks=ranks):
                output, alone = f"{name}-{ranks}.h5", f"{name}-few.h5"
                few = ["--force", "--set", "transport.particles=1000", "--set", "expect=[]"]
                self.run_case(f"{name}.toml", output, ranks, *few)
                self.run_case(f"{name}.toml", alone, 1, *few)
                self.assertEqual(counts(output), counts(alone), f"{output}: counts of every step as on one rank")

    def test_wrong(self):
        expect = 'expect=[{quantity="absorption:all", value=%s, sigmas=3, relative_error=%s, source="this test"}]'
        for what, value, error in (("a wrong value", 1.05, 0.05), ("too large an error", 1.0, 1e-5)):
            out = self.run_case("transport.toml", "wrong.h5", 2, "--force", "--set", expect % (value, error), status=4)
            self.assertIn("INVALID", out, f"{what}: INVALID in {out!r}")
        out = self.run_case("transport.toml", "wrong.h5", 2, "--force", "--set", expect % (1.0, 0.05))
        self.assertNotIn("INVALID", out, f"the right value with room: {out!r}")


if __name__ == "__main__":
    main()
