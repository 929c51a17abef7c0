# SPDX-License-Identifier: BSD-3-Clause
"""`haloscope networks` prints the table, one whole network, and mistakes in one line; make_profiles.py makes what is shipped."""
import json
import re
import subprocess
import sys
from pathlib import Path

from haloscope_program import SOURCE, ProgramTest, main, run

NETWORKS = SOURCE / "cases/networks"
NOTHING = {"PATH": "/usr/bin"}  # no launcher, no MPI settings

MINIMAL = """
[about]
name = "mine"
evidence = "reported"
source = "a colleague"

[between_nodes]
half_round_trip_us = 5.0
bandwidth_GBps = 10.0
"""

MISTAKES = [
    ("a misspelt name", ["tcp-oci-wm"], r"tcp-oci-wm: no such profile; the nearest is tcp-oci-vm"),
    ("no such file", ["missing.toml"], r"missing\.toml: cannot be opened"),
    ("a folder", ["folder"], r"folder: is a directory"),
    ("an empty file", ["empty.toml"], r"empty\.toml:about\.name: missing"),
    ("no TOML", ["binary.toml"], r"binary\.toml:1:1: "),
    ("an unknown key", ["ideal", "--set", "between_nodes.lag=0"], r"between_nodes\.lag: .*between_nodes\.lag1"),
    ("a negative latency", ["ideal", "--set", "between_nodes.half_round_trip_us=-1"], r"half_round_trip_us: -1: must be"),
    ("a change of nothing", ["--set", "between_nodes.lag1=0"], r"NAME.*haloscope networks --help"),
    ("two names", ["ideal", "synthetic"], r"synthetic.*haloscope networks --help"),
]


class Networks(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Path("mine.toml").write_text(MINIMAL)
        Path("empty.toml").write_text("")
        Path("binary.toml").write_bytes(b"\x7fELF\x02\x01\x01")
        Path("folder").mkdir()

    def test_shipped_are_made(self):
        folder = self.folder / "made"
        folder.mkdir()
        subprocess.run([sys.executable, NETWORKS / "make_profiles.py", str(folder)], check=True)
        made = {path.name: path.read_text() for path in folder.glob("*.toml")}
        shipped = {path.name: path.read_text() for path in NETWORKS.glob("*.toml")}
        self.assertEqual(sorted(shipped.keys() - made.keys()), ["ideal.toml", "synthetic.toml"], "what is written by hand")
        self.assertEqual(sorted(made.keys() - shipped.keys()), [], "what is made but not shipped")
        for name in sorted(made):
            self.assertTrue(made[name] == shipped[name], f"{name} is not what make_profiles.py makes of sources/: run it")

    def test_table(self):
        status, out, err = run(["networks"], env=NOTHING)
        self.assertEqual((status, err), (0, ""), "networks")
        rows = [line for line in out.split("\n\n")[0].splitlines()[1:]]
        self.assertEqual(sorted(row.split()[0] for row in rows), sorted(path.stem for path in NETWORKS.glob("*.toml")), "names")
        self.assertTrue(max(map(len, rows)) <= 100, "the table fits 100 columns")
        cells = {row.split()[0]: re.split(r" +", row[53:].strip()) for row in rows}
        medians = [float(cell[1]) for cell in cells.values()]
        self.assertTrue(medians == sorted(medians), f"the table rises by median: {medians}")

        # Against the sources, not the profiles.
        compared = {"ideal", "synthetic"}  # written by hand
        for network in json.loads((NETWORKS / "sources/interconnects.json").read_text()):
            if network["id"] not in cells:
                continue  # within one node
            compared.add(network["id"])
            kind, p50, p99, _, bandwidth, evidence = cells[network["id"]]
            self.assertEqual(kind, "VM" if network["virtualized"] else "metal", f"{network['id']}: virtualized")
            self.assertEqual(evidence, network["evidence"], f"{network['id']}: evidence")
            self.assertTrue(abs(float(p50) - network["half_round_trip"]["us"]) <= 0.006 * float(p50) + 0.005,
                            f"{network['id']}: median {p50}")
            self.assertEqual(p99.startswith("~"), network["evidence"] != "measured",
                             f"{network['id']}: an assumed spread is marked")
            if network["evidence"] == "measured":
                quantiles = dict(zip(network["quantiles"]["p"], network["quantiles"]["us"]))
                self.assertTrue(abs(float(p99) - quantiles[0.99]) <= 0.006 * quantiles[0.99], f"{network['id']}: p99 {p99}")
            if "bandwidth" in network:
                wanted = network["bandwidth"]["GBps"]
                self.assertTrue(abs(float(bandwidth) - wanted) <= 0.006 * wanted + 0.005, f"{network['id']}: bandwidth {bandwidth}")
        self.assertEqual(compared, set(cells), "every network is compared with its source")

    def test_details(self):
        hosts = {host["title"]: host for host in json.loads((NETWORKS / "sources/cpu_noise.json").read_text())}
        hashes = set()
        for path in sorted(NETWORKS.glob("*.toml")):
            with self.subTest(path.stem):
                status, out, err = run(["networks", path.stem], env=NOTHING)
                self.assertEqual((status, err), (0, ""), path.stem)
                self.assertTrue(max(map(len, out.splitlines())) <= 100, f"{path.stem} fits 100 columns")
                hashes.update(re.findall(r"hash +([0-9a-f]{16})$", out, re.MULTILINE))
                for label in ("source", "caveat", "half round trip, 1 B", "CPU detours"):
                    self.assertIn(f"  {label} ", out, f"{path.stem} tells of {label}")
                flat = " ".join(out.split())
                found = re.search(r"CPU detours (?:assumed to be those of )?(.+?): ([\d.]+) a second.*?: ([\d.]+) % of a core",
                                  flat)
                if found is None:
                    self.assertIn(path.stem, ("ideal", "synthetic"), f"{path.stem} has detours")
                    continue
                host = hosts[found[1]]  # the tables hold what was measured: the rate within 5 %, the share of the core within 15 %
                self.assertTrue(abs(float(found[2]) / host["detours_per_s"] - 1) < 0.05,
                                f"{path.stem}: {found[0]}, {host['detours_per_s']}/s measured")
                self.assertTrue(abs(float(found[3]) / 100 / host["cpu_fraction"] - 1) < 0.15,
                                f"{path.stem}: {found[0]}, {host['cpu_fraction']} measured")
        self.assertEqual(len(hashes), len(list(NETWORKS.glob("*.toml"))), "each profile has a hash of its own")

    def test_changes(self):
        status, out, err = run(["networks", "synthetic", "--set", "between_nodes.half_round_trip_us=25", "--set",
                                "between_nodes.spread.kind=pareto", "--set", "detours.rate_per_s=100", "--set",
                                "detours.duration_us=100"], env=NOTHING)
        self.assertEqual((status, err), (0, ""), "synthetic, changed")
        self.assertTrue(re.search(r"half round trip, 1 B +25 µs", out), f"the new median: {out}")
        self.assertTrue(re.search(r"p99 +37\.5 µs", out), f"its p99: {out}")
        self.assertIn("100 a second, 100 µs each", " ".join(out.split()), f"the detours: {out}")
        self.assertIn("Changed by --set: between_nodes.half_round_trip_us=25", " ".join(out.split()), f"the caveat: {out}")
        self.assertNotIn("half round trip within a node", out, f"within a node there is no spread: {out}")
        status, out, err = run(["networks", "synthetic", "--set", "within_node.half_round_trip_us=0.5", "--set",
                                "within_node.spread.kind=lognormal", "--set", "within_node.spread.p99_over_median=2"], env=NOTHING)
        self.assertTrue(re.search(r"half round trip within a node, 1 B .*\n(.*\n){3} +p99 +1\.0+ µs", out),
                        f"the spread within a node: {out} {err}")
        status, out, _ = run(["networks", "tcp-oci-vm", "--set", "between_nodes.half_round_trip_us=30"], env=NOTHING)
        self.assertTrue(status == 0 and re.search(r"evidence +synthetic", out), f"what was changed is not measured: {out}")
        status, out, _ = run(["networks", "./mine.toml"], env=NOTHING)
        self.assertTrue(status == 0 and out.startswith("mine\n"), f"a file: {out}")

    def test_mistakes(self):
        for what, arguments, pattern in MISTAKES:
            with self.subTest(what):
                status, out, err = run(["networks", *arguments], env=NOTHING)
                self.assertEqual((status, out), (2, ""), f"{what}: exit code and standard output ({err.strip()!r})")
                lines = err.splitlines()
                self.assertTrue(len(lines) == 1 and lines[0].startswith("haloscope: "), f"{what}: one line: {err!r}")
                self.assertTrue(re.search(pattern, err), f"{what}: {pattern!r} in {err!r}")


if __name__ == "__main__":
    main()
