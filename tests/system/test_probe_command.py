# SPDX-License-Identifier: BSD-3-Clause
"""`haloscope probe`: its files and its refusals; and in virtual time, where every number is known beforehand, that it finds them.

What is measured in virtual time with announced computing depends on no clock of the machine: the tolerances there are those of the
sample, not of the day."""
import os
import re
import tomllib
from pathlib import Path

import h5py
import numpy

from haloscope_program import SOURCE, Checks, Folder, own_lines, run


def virtual(network, **variables):
    """The environment of a run on a modelled network on which computing takes no time unless it is announced."""
    return {**os.environ, "HALOSCOPE_NETWORK": str(network), "HALOSCOPE_COMPUTE": "announced", **variables}


def half_round_trips(file, path):
    """Samples of the typical pair after warm-up [us]."""
    with h5py.File(file) as probe:
        sets = probe[path]["half_round_trip_seconds"]
        (data,) = sets.values()
        return 1e6 * data[data.attrs["warmup"]:]


def check_native(check):
    """On this machine: no number can be told beforehand, but all must be there."""
    status, out, err = run(["probe", "--seconds", "3", "--output", "here.h5", "--write-profile", "here.toml"], 2)
    check.equal(status, 0, f"probe: exit code ({err!r})")
    check.equal(own_lines(err), [], "probe: nothing on standard error")
    for words in ("half round trip of 1 byte", "slowest pair within a node: ranks 0 (", "noisiest core: ", "STREAM triad ",
                  "allreduce 8 B", "barrier", "halo 2 x 512 B", "  here.h5\n  here.toml\n"):
        check(words in out, f"probe: {words!r} in {out!r}")
    check.equal(run(["show", "here.h5"])[:2], (0, out.replace("  here.toml\n", "")), "show prints the same table")

    with h5py.File("here.h5") as probe:
        check.equal((probe.attrs["schema"], probe.attrs["schema_version"]), ("haloscope-probe", 1), "schema")
        check.equal(probe.attrs["profile"], Path("here.toml").read_text(), "the profile is in the file, too")
        check.equal(len(probe["ranks/host"]), 2, "a host for each rank")
        check(numpy.all(probe["detours/observed_seconds"][:] > 0), "all ranks looked for detours")
        check(numpy.all(probe["within_node/costs/half_round_trip_seconds"][:] > 0), "every size took time")
    samples = half_round_trips("here.h5", "within_node")
    profile = tomllib.loads(Path("here.toml").read_text())
    check.equal(profile["about"]["evidence"], "probed", "evidence")
    check("on one node" in profile["about"]["caveat"], f"one node: {profile['about']['caveat']!r}")
    jitter = profile["within_node"]["jitter"]
    check.equal(jitter["samples"], len(samples), "as many samples in the profile as in the file")
    found = numpy.quantile(samples, jitter["p"])
    check(numpy.allclose(found, jitter["us"], rtol=1e-5), f"the profile's table is that of the samples: {found} {jitter['us']}")
    check.equal(run(["networks", "here.toml"])[0], 0, "the profile can be looked at")

    status, _, err = run(["probe", "--write-profile", "here.toml"], 2)
    check(status == 2 and "here.toml: exists" in err, f"a profile that exists is not overwritten: {err!r}")
    status, _, err = run(["probe", "--write-profile", "alone.toml"], 1)
    check(status == 2 and "at least 2 ranks" in err, f"no profile from one rank: {err!r}")
    check(not Path("alone.toml").exists(), "nothing is left behind")


def check_native_reproduction(check):
    """A ping-pong in virtual time on what was probed here: p50, p90, p99 of the probe's samples within 1, 2, 5 %. No clock of the
    machine has a say once the samples are there."""
    status, _, err = run(["probe", "--seconds", "2", "--output", "again.h5"], 2, env=virtual("here.toml", HALOSCOPE_WITHOUT="noise"))
    check.equal(status, 0, f"probe of here.toml: exit code ({err!r})")
    measured, modelled = half_round_trips("here.h5", "within_node"), half_round_trips("again.h5", "between_nodes")
    check(len(modelled) == 100000, f"{len(modelled)} samples")
    for p, tolerance in ((0.5, 0.01), (0.9, 0.02), (0.99, 0.05)):
        wanted, found = numpy.quantile(measured, p), numpy.quantile(modelled, p)
        print(f"p{100 * p:g}: measured here {wanted:.4f} us, in virtual time {found:.4f} us")
        check(abs(found / wanted - 1) <= tolerance, f"p = {p}: {found} for {wanted}")


def check_reproduction(check):
    """A probe of a probed profile finds that profile: p50, p90, p99 within 1, 2, 5 %."""
    for place, network in ((SOURCE / "cases/networks/synthetic.toml", "first.toml"), ("first.toml", "second.toml")):
        status, _, err = run(["probe", "--seconds", "2", "--output", network + ".h5", "--write-profile", network], 2, env=virtual(place))
        check.equal(status, 0, f"probe of {place}: exit code ({err!r})")
    wanted = tomllib.loads(Path("first.toml").read_text())["between_nodes"]
    found = tomllib.loads(Path("second.toml").read_text())["between_nodes"]
    table = dict(zip(wanted["jitter"]["p"], wanted["jitter"]["us"]))
    samples = half_round_trips("second.toml.h5", "between_nodes")
    check(len(samples) == 100000, f"{len(samples)} samples")
    for p, tolerance in ((0.5, 0.01), (0.9, 0.02), (0.99, 0.05)):
        modelled = numpy.quantile(samples, p)
        print(f"p{100 * p:g}: profile {table[p]} us, probed in virtual time {modelled:.4f} us")
        check(abs(modelled / table[p] - 1) <= tolerance, f"p = {p}: {modelled} for {table[p]}")
    # Jitter holds a longer row of messages up more often, so each probe finds a gap larger than the profile's: by 1.4 to 2.8 %, five seeds.
    for key, tolerance in (("overhead_us", 0.02), ("gap_us", 0.04), ("bandwidth_GBps", 0.02)):
        check(abs(found[key] - wanted[key]) <= tolerance * wanted[key], f"{key}: {found[key]} for {wanted[key]}")
    check(abs(found["lag1"] - wanted["lag1"]) <= 0.02, f"lag1: {found['lag1']} for {wanted['lag1']}")
    curves = numpy.array([found["curve"]["us"], wanted["curve"]["us"]])
    check(numpy.all(abs(curves[0] / curves[1] - 1) <= 0.02), f"curves: {curves}")


def check_noise(check):
    """100 Hz of 100 us are found as 100 +- 5 Hz and 100 +- 10 us."""
    noise = "detours.rate_per_s=100\ndetours.duration_us=100"
    status, out, err = run(["probe", "--seconds", "3", "--output", "noise.h5"], 2,
                           env=virtual(SOURCE / "cases/networks/synthetic.toml", HALOSCOPE_NETWORK_SET=noise))
    check.equal(status, 0, f"probe of noise: exit code ({err!r})")
    check(re.search(r"clock virtual", out) is not None, f"the table names the clock: {out!r}")
    with h5py.File("noise.h5") as probe:
        rates, durations = probe["detours/rate_per_second"][:], probe["detours/median_seconds"][:]
        print(f"noise of 100 Hz x 100 us: {rates} Hz x {1e6 * durations} us")
        check(numpy.all(abs(rates - 100) <= 5), f"rates {rates}")
        check(numpy.all(abs(1e6 * durations - 100) <= 10), f"durations {durations}")
        check(numpy.all(abs(probe["detours/cpu_fraction"][:] - 0.01) <= 0.001), "a hundredth of the time")


def main():
    check = Checks()
    with Folder():
        check_native(check)
        check_native_reproduction(check)
        check_reproduction(check)
        check_noise(check)
    check.end()


main()
