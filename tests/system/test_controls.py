# SPDX-License-Identifier: BSD-3-Clause
"""The loosely coupled control and the proxy of data-parallel training. The shipped cases end VALID with and without a network,
repeat to the bit in virtual time, and a network costs them as little, or as much, as it should."""
import h5py
import numpy

from haloscope_program import ProgramTest, main, run

FEW = ["--steps", "4"]
LIGHT = ["--steps", "4", "--set", "allreduce.operations=40"]  # a tenth of the computing
TCP = ["--network", "tcp-ena-aws-c5-18xlarge", "--compute", "model"]


def data_of(path):
    with h5py.File(path) as file:
        check_names = [f"{group}/{name}" for group in ("timing", "solver", "expect") for name in file[group]]
        numbers = {name: file[name][()].tobytes() for name in check_names if file[name].dtype != object}
        return numbers, int(file.attrs["exact"]), file.attrs["inexact_calls"]


class Controls(ProgramTest):
    def valid(self, name, *arguments, ranks):
        """Runs a shipped case, and gives its file."""
        output = f"{name}-{ranks}.h5"
        status, out, err = run(["run", name, "--output", output, "--force", *arguments], ranks)
        self.assertEqual(status, 0, f"{name} {' '.join(arguments)} on {ranks}: exit code ({err!r})")
        self.assertTrue(out.rstrip().splitlines()[-2:-1] == ["  VALID"], f"{name} on {ranks}: {out!r}")
        return output

    def test_verdicts(self):
        counts = set()
        for ranks in (1, 2, 4):
            with h5py.File(self.valid("option", *FEW, ranks=ranks)) as file:
                counts.add(tuple(file[f"solver/{name}_in_the_money"][:].tobytes()
                                 for name in ("european", "asian_geometric", "asian")))
                self.assertEqual(file["expect/pass"][:].tolist(), [1, 1], f"option on {ranks}: checks")
                self.assertTrue((file["solver/asian_price"][:] > file["solver/asian_geometric_price"][:]).all(),
                                "arithmetic above geometric mean")
            for overlap in ("true", "false"):
                with h5py.File(self.valid("allreduce", *LIGHT, "--set", f"allreduce.overlap={overlap}", ranks=ranks)) as file:
                    self.assertEqual(file["solver/sum_errors"][:].tolist(), [0.0] * 4, f"allreduce on {ranks}: sums")
        self.assertEqual(len(counts), 1, "option: paths in the money on 1, 2 and 4 ranks")

    def test_repeats(self):
        for name, arguments in (("option", FEW), ("allreduce", LIGHT), ("allreduce", [*LIGHT, "--set", "allreduce.overlap=false"])):
            with self.subTest(name, arguments=arguments):
                first = data_of(self.valid(name, *TCP, *arguments, ranks=4))
                second = data_of(self.valid(name, *TCP, *arguments, ranks=4))
                self.assertEqual(first[1:], (1, ""), f"{name} {arguments}: exact, and calls that are not")
                self.assertTrue(len(first[0]) > 10, f"{name}: {len(first[0])} data sets are compared")
                self.assertEqual([key for key in first[0] if first[0][key] != second[0].get(key)], [],
                                 f"{name} {arguments}: what differs")

    def median_step(self, name, *arguments, ranks):
        """Of the slowest rank, in modelled time [s]."""
        with h5py.File(self.valid(name, *arguments, ranks=ranks)) as file:
            return float(numpy.median(file["timing/step_seconds"][1:].max(axis=1)))

    def test_scale(self):
        """On a slow network 16 ranks price options as fast as 16 times one. Sums of gradients cost much, and less where they
        overlap."""
        few = [*TCP, "--steps", "3", "--set", "expect=[]", "--set", "option.paths=400000"]
        alone, all_16 = (self.median_step("option", *few, ranks=ranks) for ranks in (1, 16))
        self.assertTrue(0.95 < alone / (16 * all_16) <= 1, f"option: efficiency {alone / (16 * all_16):.3f} on 16 ranks")
        few = [*TCP, "--steps", "3", "--set", "allreduce.parameters=2000000", "--set", "allreduce.operations=100"]
        alone = self.median_step("allreduce", *few, ranks=1)
        blocking, overlapped = (self.median_step("allreduce", *few, "--set", f"allreduce.overlap={overlap}", ranks=16)
                                for overlap in ("false", "true"))
        self.assertTrue(alone < overlapped < 0.9 * blocking,
                        f"allreduce: {alone} s alone, {overlapped} s overlapped, {blocking} s blocking")


if __name__ == "__main__":
    main()
