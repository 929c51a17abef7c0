# SPDX-License-Identifier: BSD-3-Clause
"""`haloscope probe`: its files, its refusals, and the numbers it finds in virtual time, where all of them are known beforehand.

A measurement in virtual time with announced computing depends on no clock of the machine: the tolerances there are those of the
sample, not of the day."""
import math
import os
import re
import tomllib
from pathlib import Path
from statistics import NormalDist

import h5py
import numpy

from haloscope_program import SOURCE, ProgramTest, main, own_lines, run


def virtual(network, **variables):
    """The environment of a run on a modelled network on which computing takes no time unless it is announced."""
    return {**os.environ, "HALOSCOPE_NETWORK": str(network), "HALOSCOPE_COMPUTE": "announced", **variables}


def half_round_trips(file, path):
    """Samples of the typical pair after warm-up [us]."""
    with h5py.File(file) as probe:
        sets = probe[path]["half_round_trip_seconds"]
        (data,) = sets.values()
        return 1e6 * data[data.attrs["warmup"]:]


def standard_error(p, lag1, samples):
    """The standard error of the share of samples below their quantile at @p p, where neighbours are alike by lag 1 of a Gaussian
    copula. It sums the covariance of z_0 < h and z_k < h over all lags k, by Mehler's expansion in Hermite polynomials (Cramer &
    Leadbetter, Stationary and Related Stochastic Processes, 1967, 10.8)."""
    h = NormalDist().inv_cdf(p)
    density = NormalDist().pdf(h)
    total, before, hermite = p * (1 - p), 0.0, 1.0  # hermite: He_(j-1)(h) / sqrt((j-1)!)
    for j in range(1, 2000):
        power = lag1 ** j
        total += 2 * (density * hermite) ** 2 / j * power / (1 - power)
        before, hermite = hermite, (h * hermite - before * math.sqrt(j - 1)) / math.sqrt(j)
    return math.sqrt(max(total, 0) / samples)


def disagreement(wanted, modelled, lag1, told=False):
    """Where a sample in virtual time differs from the table (p: value) that it was drawn from. p50, p90 and p99 must be within 1, 2
    and 5 %. A table of two kinds of messages with nothing between is too steep for that: one more sample in a thousand moves a
    quantile further. There the share of the sample below the value must be p within 4 standard errors of correlated samples."""
    wrong = []
    for p, tolerance in ((0.5, 0.01), (0.9, 0.02), (0.99, 0.05)):
        if p not in wanted:
            continue  # a short sample's table
        found = numpy.quantile(modelled, p)
        below, above = numpy.mean(modelled < wanted[p] * (1 - 1e-5)), numpy.mean(modelled > wanted[p] * (1 + 1e-5))
        error = 4 * standard_error(p, lag1, len(modelled))
        words = (f"p{100 * p:g}: {wanted[p]:.4f} us, in virtual time {found:.4f} us "
                 f"and {below:.4f} to {1 - above:.4f} below (+- {error:.4f})")
        if told:
            print(words)
        if abs(found / wanted[p] - 1) > tolerance and not below - error <= p <= 1 - above + error:
            wrong.append(words)
    return wrong


def table_of(path):
    return dict(zip(path["jitter"]["p"], path["jitter"]["us"]))


class ProbeCommand(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.here = run(["probe", "--seconds", "3", "--output", "here.h5", "--write-profile", "here.toml"], 2)

    def test_native(self):
        """On this machine no number is known beforehand, but all must be there."""
        status, out, err = self.here
        self.assertEqual(status, 0, f"probe: exit code ({err!r})")
        self.assertEqual(own_lines(err), [], "probe: nothing on standard error")
        for words in ("half round trip of 1 byte", "slowest pair within a node: ranks 0 (", "noisiest core: ", "STREAM triad ",
                      "allreduce 8 B", "barrier", "halo 2 x 512 B", "  here.h5\n  here.toml\n"):
            self.assertIn(words, out, f"probe: {words!r} in {out!r}")
        self.assertEqual(run(["show", "here.h5"])[:2], (0, out.replace("  here.toml\n", "")), "show prints the same table")

        with h5py.File("here.h5") as probe:
            self.assertEqual((probe.attrs["schema"], probe.attrs["schema_version"]), ("haloscope-probe", 1), "schema")
            self.assertEqual(probe.attrs["profile"], Path("here.toml").read_text(), "the profile is in the file, too")
            self.assertEqual(len(probe["ranks/host"]), 2, "a host for each rank")
            self.assertTrue(numpy.all(probe["detours/observed_seconds"][:] > 0), "all ranks looked for detours")
            self.assertTrue(numpy.all(probe["within_node/costs/half_round_trip_seconds"][:] > 0), "every size took time")
        samples = half_round_trips("here.h5", "within_node")
        profile = tomllib.loads(Path("here.toml").read_text())
        self.assertEqual(profile["about"]["evidence"], "probed", "evidence")
        self.assertIn("on one node", profile["about"]["caveat"], f"one node: {profile['about']['caveat']!r}")
        jitter = profile["within_node"]["jitter"]
        self.assertEqual(jitter["samples"], len(samples), "as many samples in the profile as in the file")
        found = numpy.quantile(samples, jitter["p"])
        self.assertTrue(numpy.allclose(found, jitter["us"], rtol=1e-5),
                        f"the profile's table is that of the samples: {found} {jitter['us']}")
        self.assertEqual(run(["networks", "here.toml"])[0], 0, "the profile can be looked at")

        status, _, err = run(["probe", "--write-profile", "here.toml"], 2)
        self.assertTrue(status == 2 and "here.toml: exists" in err, f"a profile that exists is not overwritten: {err!r}")
        status, _, err = run(["probe", "--write-profile", "alone.toml"], 1)
        self.assertTrue(status == 2 and "at least 2 ranks" in err, f"no profile from one rank: {err!r}")
        self.assertTrue(not Path("alone.toml").exists(), "nothing is left behind")

    def test_native_reproduction(self):
        """The half round trips of a ping-pong in virtual time, on what was probed here, are those of the table. They depend on no
        clock of the machine once the samples are there."""
        status, _, err = run(["probe", "--seconds", "2", "--output", "again.h5"], 2,
                             env=virtual("here.toml", HALOSCOPE_WITHOUT="noise"))
        self.assertEqual(status, 0, f"probe of here.toml: exit code ({err!r})")
        profile = tomllib.loads(Path("here.toml").read_text())["within_node"]
        modelled = half_round_trips("again.h5", "between_nodes")
        print(f"measured here: {profile['jitter']['samples']} samples of lag 1 {profile['lag1']}; in virtual time {len(modelled)}")
        self.assertEqual(disagreement(table_of(profile), modelled, profile["lag1"], told=True), [], "here and in virtual time")

    def test_reproduction(self):
        """A probe of a probed profile finds that profile."""
        for place, network in ((SOURCE / "cases/networks/synthetic.toml", "first.toml"), ("first.toml", "second.toml")):
            status, _, err = run(["probe", "--seconds", "2", "--output", network + ".h5", "--write-profile", network], 2,
                                 env=virtual(place))
            self.assertEqual(status, 0, f"probe of {place}: exit code ({err!r})")
        wanted = tomllib.loads(Path("first.toml").read_text())["between_nodes"]
        found = tomllib.loads(Path("second.toml").read_text())["between_nodes"]
        samples = half_round_trips("second.toml.h5", "between_nodes")
        self.assertTrue(len(samples) == 100000, f"{len(samples)} samples")
        table, lag1 = table_of(wanted), wanted["lag1"]
        self.assertEqual(disagreement(table, samples, lag1, told=True), [], "a profile and its probe")
        # What is checked can fail: a bias of 3 %, a tail of 12 messages in a hundred for 10.
        self.assertEqual(len(disagreement(table, 1.03 * samples, lag1)), 2, "p50 and p90 of times 3 % longer")
        longer = numpy.sort(samples)
        longer[88000:90000] += numpy.quantile(samples, 0.92) - numpy.quantile(samples, 0.88)
        self.assertEqual(len(disagreement(table, longer, lag1)), 1, "p90 where more messages are late")
        for key, tolerance in (("overhead_us", 0.02), ("gap_us", 0.02), ("bandwidth_GBps", 0.02)):
            self.assertTrue(abs(found[key] - wanted[key]) <= tolerance * wanted[key], f"{key}: {found[key]} for {wanted[key]}")
        self.assertTrue(abs(found["lag1"] - wanted["lag1"]) <= 0.02, f"lag1: {found['lag1']} for {wanted['lag1']}")
        curves = numpy.array([found["curve"]["us"], wanted["curve"]["us"]])
        self.assertTrue(numpy.all(abs(curves[0] / curves[1] - 1) <= 0.02), f"curves: {curves}")

    def test_noise(self):
        """100 Hz of 100 us are found as 100 +- 5 Hz and 100 +- 10 us."""
        noise = "detours.rate_per_s=100\ndetours.duration_us=100"
        status, out, err = run(["probe", "--seconds", "3", "--output", "noise.h5"], 2,
                               env=virtual(SOURCE / "cases/networks/synthetic.toml", HALOSCOPE_NETWORK_SET=noise))
        self.assertEqual(status, 0, f"probe of noise: exit code ({err!r})")
        self.assertTrue(re.search(r"clock virtual", out) is not None, f"the table names the clock: {out!r}")
        with h5py.File("noise.h5") as probe:
            rates, durations = probe["detours/rate_per_second"][:], probe["detours/median_seconds"][:]
            print(f"noise of 100 Hz x 100 us: {rates} Hz x {1e6 * durations} us")
            self.assertTrue(numpy.all(abs(rates - 100) <= 5), f"rates {rates}")
            self.assertTrue(numpy.all(abs(1e6 * durations - 100) <= 10), f"durations {durations}")
            self.assertTrue(numpy.all(abs(probe["detours/cpu_fraction"][:] - 0.01) <= 0.001), "a hundredth of the time")


if __name__ == "__main__":
    main()
