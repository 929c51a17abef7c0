# SPDX-License-Identifier: BSD-3-Clause
"""The loosely coupled control and the proxy of data-parallel training: the shipped cases end VALID with and without a network, in
virtual time the same to the bit, and stand where they should on the scale of what a network costs."""
import h5py
import numpy

from haloscope_program import Checks, Folder, run

FEW = ["--steps", "4"]
LIGHT = ["--steps", "4", "--set", "allreduce.operations=40"]  # a tenth of the computing
TCP = ["--network", "tcp-ena-aws-c5-18xlarge", "--compute", "model"]


def valid(check, name, *arguments, ranks):
    """Runs a shipped case, and gives its file."""
    output = f"{name}-{ranks}.h5"
    status, out, err = run(["run", name, "--output", output, "--force", *arguments], ranks)
    check.equal(status, 0, f"{name} {' '.join(arguments)} on {ranks}: exit code ({err!r})")
    check(out.rstrip().splitlines()[-2:-1] == ["  VALID"], f"{name} on {ranks}: {out!r}")
    return output


def check_verdicts(check):
    counts = set()
    for ranks in (1, 2, 4):
        with h5py.File(valid(check, "option", *FEW, ranks=ranks)) as file:
            counts.add(tuple(file[f"solver/{name}_in_the_money"][:].tobytes() for name in ("european", "asian_geometric", "asian")))
            check.equal(file["expect/pass"][:].tolist(), [1, 1], f"option on {ranks}: checks")
            check(bool((file["solver/asian_price"][:] > file["solver/asian_geometric_price"][:]).all()), "arithmetic above geometric mean")
        for overlap in ("true", "false"):
            with h5py.File(valid(check, "allreduce", *LIGHT, "--set", f"allreduce.overlap={overlap}", ranks=ranks)) as file:
                check.equal(file["solver/sum_errors"][:].tolist(), [0.0] * 4, f"allreduce on {ranks}: sums")
    check.equal(len(counts), 1, "option: paths in the money on 1, 2 and 4 ranks")


def data_of(path):
    with h5py.File(path) as file:
        check_names = [f"{group}/{name}" for group in ("timing", "solver", "expect") for name in file[group]]
        numbers = {name: file[name][()].tobytes() for name in check_names if file[name].dtype != object}
        return numbers, int(file.attrs["exact"]), file.attrs["inexact_calls"]


def check_repeats(check):
    for name, arguments in (("option", FEW), ("allreduce", LIGHT), ("allreduce", [*LIGHT, "--set", "allreduce.overlap=false"])):
        first = data_of(valid(check, name, *TCP, *arguments, ranks=4))
        second = data_of(valid(check, name, *TCP, *arguments, ranks=4))
        check.equal(first[1:], (1, ""), f"{name} {arguments}: exact, and calls that are not")
        check(len(first[0]) > 10, f"{name}: {len(first[0])} data sets are compared")
        check.equal([key for key in first[0] if first[0][key] != second[0].get(key)], [], f"{name} {arguments}: what differs")


def median_step(check, name, *arguments, ranks):
    """Of the slowest rank, in modelled time [s]."""
    with h5py.File(valid(check, name, *arguments, ranks=ranks)) as file:
        return float(numpy.median(file["timing/step_seconds"][1:].max(axis=1)))


def check_scale(check):
    """On a slow network 16 ranks price options as fast as 16 times one; sums of gradients cost much, less where they overlap."""
    few = [*TCP, "--steps", "3", "--set", "expect=[]", "--set", "option.paths=400000"]
    alone, all_16 = (median_step(check, "option", *few, ranks=ranks) for ranks in (1, 16))
    check(0.95 < alone / (16 * all_16) <= 1, f"option: efficiency {alone / (16 * all_16):.3f} on 16 ranks")
    few = [*TCP, "--steps", "3", "--set", "allreduce.parameters=2000000", "--set", "allreduce.operations=100"]
    alone = median_step(check, "allreduce", *few, ranks=1)
    blocking, overlapped = (median_step(check, "allreduce", *few, "--set", f"allreduce.overlap={overlap}", ranks=16)
                            for overlap in ("false", "true"))
    check(alone < overlapped < 0.9 * blocking, f"allreduce: {alone} s alone, {overlapped} s overlapped, {blocking} s blocking")


def main():
    check = Checks()
    with Folder():
        check_verdicts(check)
        check_repeats(check)
        check_scale(check)
    check.end()


main()
