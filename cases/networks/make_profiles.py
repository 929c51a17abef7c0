#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes the profiles of measured and reported networks from sources/*.json; `ideal` and `synthetic` are written by hand.

usage: make_profiles.py [FOLDER]       (default: the folder of this script)

It lies beside what it makes, and is not installed with it. What it decides, and why:

half_round_trip_us, jitter, lag1   as measured: the median, the finest quantile table, the normal-scores correlation.
overhead_us   netgauge's own for 1 byte, the mean of sender and receiver, but at most a quarter of the least half round trip:
              some of these exceed the whole message. So no draw is shorter than the overheads.
gap_us        0. The authors' g (0 to 22 us, above a round trip for some) were fitted to whole collectives and are no gap of an
              interface; o keeps one core's messages apart already.
bandwidth     the largest measured, of several streams where there are such: what an interface can carry. Without one: the
              best of the curve.
curve         one stream's medians, made monotone by isotonic regression of their logarithms (each size is one launch of its
              own, so single points stray both ways), then moved so that the first is the median.
eager limit   the authors' S; else of a sister run or of the donor.
states        where the data splits: the chain as measured, lag1_within such that the overall normal-scores correlation
              comes out.
within_node   reported by others for one machine, the same in all profiles, so that they differ by their fabric only.
reported      no spread is known: table, correlation, overhead, eager limit and detours are those of a donor, a measured network
              of the same class; the table and the overhead are scaled by the ratio of the medians. The caveat names the donor.
"""
import json
import math
import sys
from pathlib import Path
from statistics import NormalDist

HERE = Path(__file__).resolve().parent
NORMAL = NormalDist()

FABRICS = {"ib-edr": "InfiniBand EDR", "ib-hdr": "InfiniBand HDR", "ib-ndr": "InfiniBand NDR", "ib-100g": "InfiniBand 100G",
           "roce-25g": "RoCEv2 25G", "roce-50g": "RoCEv2 50G", "roce-100g": "RoCEv2 100G", "slingshot": "Slingshot 100G",
           "slingshot-11": "Slingshot 11", "aries": "Aries", "efa-srd": "EFA", "tcp-ena": "TCP (ENA)",
           "tcp-an": "TCP (Azure)", "tcp-gvnic": "TCP (gVNIC)", "tcp-oci": "TCP (OCI)", "tcp-virtio": "TCP (virtio)",
           "tcp-virtio-overlay": "TCP (virtio, CNI)"}

# A reported network and the measured one that lends it its spread.
DONORS = {
    "ib-hdr-sriov-azure-hbv3": "ib-hdr-sriov-azure-hbv2",
    "ib-hdr-sriov-azure-hbv3-cyclecloud": "ib-hdr-sriov-azure-hbv2",
    "ib-ndr-azure-hbv4-vendor": "ib-hdr-sriov-azure-hbv2",
    "ib-edr-alaska": "ib-edr-deep-est",
    "ib-100g-csd3-cclake": "ib-edr-deep-est",
    "roce-25g-alaska": "ib-edr-deep-est",
    "roce-50g-csd3-cclake": "ib-edr-deep-est",
    "roce-100g-oci-bm": "ib-edr-deep-est",
    "slingshot11-cscs-reference": "slingshot-alps-diff-rack",
    "slingshot11-hpe-64nodes": "slingshot-alps-diff-rack",
    "efa-aws-hpc6a-parallelcluster": "efa-aws-c5n-18xlarge-cluster",
    "efa-aws-hpc6a-eks": "efa-aws-c5n-18xlarge-cluster",
    "tcp-gcp-c2d-compute-engine": "tcp-gvnic-gcp-c2-tier1",
    "tcp-gcp-c2d-gke": "tcp-gvnic-gcp-c2-tier1",
    "tcp-azure-hbv3-eth": "tcp-an-azure-f72s-v2",
    "tcp-openstack-vm-hostnet": "tcp-an-azure-f72s-v2",
    "tcp-openstack-vm-cni": "tcp-an-azure-f72s-v2",
}

# Where the data names no eager limit or no hosts: the nearest set-up of the same authors.
EAGER_OF = {"slingshot-alps-may2022": "slingshot-alps-same-rack", "efa-aws-c5n-18xlarge-cluster": "efa-aws-c5n-metal-cluster"}
EAGER_FROM_CURVE = {"tcp-oci-vm": 65536}  # its curve jumps behind it, as rendezvous does
HOSTS_OF = {"slingshot-alps-may2022": "alps-diff-rack-bare"}

# shm-amd-epyc-far: two cores of one AMD EPYC with different L3 caches, between near cores (0.15) and other sockets;
# shm-ulhpc-aion: the bandwidth. Overhead a quarter, eager limit of Open MPI's shared memory (btl_vader_eager_limit).
WITHIN_LATENCY, WITHIN_BANDWIDTH, WITHIN_EAGER = "shm-amd-epyc-far", "shm-ulhpc-aion", 4096

WITHIN_CAVEAT = "within_node is assumed: reported figures of AMD EPYC shared memory, no spread."


def digits(value, count=6):
    return float(f"{value:.{count}g}")


# --- the curve -----------------------------------------------------------------------------------------------------------


def isotonic(values):
    """The rising sequence nearest to @p values by least squares: neighbours that fall are pooled to their mean."""
    pools = []
    for value in values:
        pools.append([value, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, count = pools.pop()
            total = pools[-1][0] * pools[-1][1] + mean * count
            pools[-1] = [total / (pools[-1][1] + count), pools[-1][1] + count]
    return [mean for mean, count in pools for _ in range(count)]


def curve_from(curve, median):
    rising = [math.exp(x) for x in isotonic([math.log(us) for us in curve["us"]])]
    return {"bytes": curve["bytes"], "us": [digits(us - rising[0] + median) for us in rising]}


# --- two states ----------------------------------------------------------------------------------------------------------


def hermite_coefficients(function, order, points=4000):
    """Of @p function of a standard normal variable, in orthonormal Hermite polynomials."""
    sums = [0.0] * order
    for i in range(points):
        z = NORMAL.inv_cdf((i + 0.5) / points)
        value, last, now = function(z), 0.0, 1.0
        for k in range(order):
            sums[k] += value * now / points
            last, now = now, (z * now - math.sqrt(k) * last) / math.sqrt(k + 1)
    return sums


def lag1_within(states, overall):
    """The correlation on one level that leads to @p overall. With scores Phi^-1(p) of the draws p of the model, uniform on
    either level's part of (0, 1): E[s s'] = sum over levels and neighbours of P(level, next) sum_k r^k a_k b_k (Mehler)."""
    high = states["fraction_high"]
    parts = {False: (0.0, 1 - high), True: (1 - high, high)}
    a = {level: hermite_coefficients(lambda z, at=at: NORMAL.inv_cdf(min(max(at[0] + at[1] * NORMAL.cdf(z), 1e-12), 1 - 1e-12)), 40)
         for level, at in parts.items()}
    chain = {(True, True): high * states["p_stay_high"], (True, False): high * (1 - states["p_stay_high"]),
             (False, True): (1 - high) * states["p_low_to_high"], (False, False): (1 - high) * (1 - states["p_low_to_high"])}

    def correlation(r):
        return sum(chance * sum(r**k * x * y for k, (x, y) in enumerate(zip(a[now], a[then])))
                   for (now, then), chance in chain.items())

    below, above = -0.99, 0.99
    for _ in range(60):
        middle = (below + above) / 2
        below, above = (middle, above) if correlation(middle) < overall else (below, middle)
    return round(below, 3)


# --- one profile ---------------------------------------------------------------------------------------------------------


def overhead_of(network):
    gauge, least = network["netgauge_1B"], network["quantiles"]["us"][0]
    return min((gauge["o_send_us"] + gauge["o_recv_us"]) / 2, least / 4)


def eager_of(network):
    name = EAGER_OF.get(network["id"], network["id"])
    return EAGER_FROM_CURVE.get(name) or NETWORKS[name]["loggp_by_authors"]["S_bytes"]


def bandwidth_of(network):
    if "bandwidth" in network:
        return network["bandwidth"]["GBps"]
    return digits(max(size / us / 1e3 for size, us in zip(network["curve"]["bytes"], network["curve"]["us"])), 4)


def between(network, donor):
    median, scale = network["half_round_trip"]["us"], network["half_round_trip"]["us"] / donor["half_round_trip"]["us"]
    authors = network.get("loggp_by_authors")
    path = {"half_round_trip_us": median, "overhead_us": digits(overhead_of(donor) * scale, 3), "gap_us": 0.0,
            "bandwidth_GBps": bandwidth_of(network),
            "eager_limit_bytes": authors["S_bytes"] if authors else eager_of(donor),
            "lag1": donor["normal_scores_lag1"]}
    table = donor["quantiles"]
    path["jitter"] = {"p": table["p"], "us": [digits(us * scale) for us in table["us"]], "samples": table["samples"]}
    if "curve" in network:
        path["curve"] = curve_from(network["curve"], median)
    if "two_state" in donor:
        states = {key: donor["two_state"][key] for key in ("fraction_high", "p_stay_high", "p_low_to_high")}
        path["states"] = {**states, "lag1_within": lag1_within(states, donor["normal_scores_lag1"])}
    return path


def within():
    half = NETWORKS[WITHIN_LATENCY]["half_round_trip"]["us"]
    return {"half_round_trip_us": half, "overhead_us": digits(half / 4), "gap_us": 0.0,
            "bandwidth_GBps": NETWORKS[WITHIN_BANDWIDTH]["bandwidth"]["GBps"], "eager_limit_bytes": WITHIN_EAGER}


def detours(host):
    tables = {name: {**{key: HOSTS[host][f"{name}_us"][key] for key in ("p", "us")}, "samples": HOSTS[host]["n_detours"]}
              for name in ("duration", "inter_arrival")}
    return {"host": HOSTS[host]["title"], **tables}


def caveat(network, donor, host):
    words = [network["notes"]]
    half = network["half_round_trip"]
    if network["trust"] == "unconfirmed" and "nconfirmed" not in network["notes"]:
        words.append("Unconfirmed.")
    if network is not donor:
        what = f"{half['us']:g} us is one figure ({half['statistic']}, {half['message_bytes']} B)."
        words.append(f"{what} Its spread, correlation, overhead and hosts are assumed: those of {donor['id']}, scaled to this "
                     "median.")
    elif 2 * network["timer_step_us"] > 0.02 * half["us"]:
        words.append(f"The clock's step is {network['timer_step_us']:g} us.")
    if "curve" not in network:
        words.append("No curve: the cost of size is that of the bandwidth.")
    elif curve_strays(network["curve"]["us"]):
        words.append("The curve had strays and is smoothed.")
    if network is donor and "two_state" in donor:
        words.append(f"Here the upper level lasts {1 / (1 - donor['two_state']['p_stay_high']):.0f} messages on average; launches "
                     "that stayed on one level throughout are not modelled.")
    if network["id"] in HOSTS_OF:
        words.append("Detours are another run's.")
    if abs(HOSTS[host]["lag1"]["inter_arrival"]) > 0.5:
        words.append("Neighbouring intervals between detours correlate "
                     f"({HOSTS[host]['lag1']['inter_arrival']:.2f}); they are drawn independently.")
    if HOSTS[host]["notes"].startswith("Clock loop"):
        words.append(HOSTS[host]["notes"])
    words.append(WITHIN_CAVEAT)
    return " ".join(word.strip() for word in words if word).replace("cpu_noise.json", "detours")


def curve_strays(us):
    return any(later < 0.9 * earlier for earlier, later in zip(us, us[1:]))


def profile_of(network):
    donor = NETWORKS[DONORS.get(network["id"], network["id"])]
    host = network.get("cpu_noise") or HOSTS_OF.get(donor["id"]) or donor["cpu_noise"]
    about = {"name": network["id"], "title": network["title"], "fabric": FABRICS[network["transport"]],
             "placement": network["placement"], "virtualized": network["virtualized"], "year": network["year"] or 0,
             "evidence": network["evidence"], "source": network["source"], "caveat": caveat(network, donor, host)}
    return {"about": about, "between_nodes": between(network, donor), "within_node": within(), "detours": detours(host)}


# --- TOML ----------------------------------------------------------------------------------------------------------------


def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        rows, row = [], ""
        for word in map(toml_value, value):  # at most 118 columns
            if len(row) + len(word) > 113:
                rows.append(row)
                row = ""
            row += f"{word}, "
        rows.append(row)
        text = "\n    ".join(line.rstrip() for line in rows).rstrip(",")
        return f"[{text}]" if len(rows) == 1 else f"[\n    {text}]"
    return json.dumps(value, ensure_ascii=False)  # numbers and strings are written alike


def toml_table(name, table):
    plain = [f"{key} = {toml_value(value)}" for key, value in table.items() if not isinstance(value, dict)]
    inner = [toml_table(f"{name}.{key}", value) for key, value in table.items() if isinstance(value, dict)]
    return "\n\n".join(["\n".join([f"[{name}]", *plain]), *inner])


def toml_text(profile):
    head = "# SPDX-License-Identifier: BSD-3-Clause\n# Made by make_profiles.py from sources/: change those, not this.\n"
    return head + "\n\n".join(toml_table(name, table) for name, table in profile.items()) + "\n"


NETWORKS = {network["id"]: network for network in json.loads((HERE / "sources/interconnects.json").read_text())}
HOSTS = {host["id"]: host for host in json.loads((HERE / "sources/cpu_noise.json").read_text())}


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    for network in NETWORKS.values():
        if "quantiles" in network or network["id"] in DONORS:
            (folder / f"{network['id']}.toml").write_text(toml_text(profile_of(network)))


if __name__ == "__main__":
    main()
