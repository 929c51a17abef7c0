#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""haloscope report on studies that the real program ran: the numbers are those of the run files and of `haloscope show`, the
page stands alone, a browser shows all of it at the width of a desk and of a phone, and what cannot be drawn is named."""
import copy
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import browser
import h5py
import numpy as np
import study_folder
from made_up_run import write_run

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from haloscope_program import PROGRAM, ProgramTest, main, run  # noqa: E402

COLUMNS = ("case,scaling,network,clock,series,ranks,repeats,step_seconds_median,step_seconds_low,step_seconds_high,"
           "step_seconds_p99,speedup,efficiency,efficiency_low,efficiency_high,point_to_point_fraction,collective_fraction,"
           "load_balance,serialization,transfer")
STEPS = 40


def rows_of(folder):
    with open(folder / "efficiency.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Report(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.study = study_folder.manifest("two_networks", "What does TCP cost?", [study_folder.SHORT_NETWORKS], [1, 2, 4], 2)
        study_folder.make_runs(cls.folder / "headline", cls.study, steps=STEPS)

    def check_files(self, folder, figures):
        """Everything is there, whole, and by itself."""
        page = (folder / "report.html").read_text(encoding="utf-8")
        self.assertTrue((folder / "efficiency.csv").read_text().splitlines()[0] == COLUMNS,
                        f"{folder}: the columns of efficiency.csv")
        links = re.findall(r'(?:src|href|srcset)="([^"]*)"', page)
        self.assertTrue(links and all(link.startswith(("data:image/svg+xml;base64,", "#")) for link in links),
                        f"{folder}: points nowhere else")
        self.assertTrue("<script" not in page and "url(" not in page, f"{folder}: no script, nothing to load")
        drawn = sorted(path.stem for path in (folder / "figures").glob("*.svg"))
        self.assertEqual(drawn, sorted(figures), f"{folder}: figures")
        for name in drawn:
            root = xml.parse(folder / "figures" / f"{name}.svg").getroot()
            self.assertTrue(root.tag.endswith("svg") and len(list(root.iter())) > 50, f"{name}.svg is a drawing")
            self.assertTrue((folder / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG"), f"{name}.png is one")
        captions = re.findall(r"<figcaption>(.*?)</figcaption>", page, re.DOTALL)
        self.assertTrue(len(captions) == len(drawn) and
                        all(re.search(r"\d.*(repeat|not from runs)", one, re.DOTALL) for one in captions),
                        f"{folder}: a sentence with numbers and the repeats under every figure: {captions}")
        for part in re.findall(r"<(?:section|a href=\"#)[^>]*", page):
            self.assertNotIn("None", part, f"{folder}: {part}")
        self.assertTrue(not re.search(r"\bnan\b|None|&lt;built-in", re.sub(r"data:[^\"]*", "", page)),
                        f"{folder}: nothing unknown printed as nan")
        self.check_browser(folder)

    def check_browser(self, folder):
        """What a reader sees; without a browser the test below says that nobody looked."""
        for width in (1280, 390) if browser.PROGRAM else ():
            seen = browser.ask(folder / "report.html", width)
            what = f"{folder.name} at {width} pixels"
            self.assertEqual(seen["broken"], [], f"{what}: figures that did not load")
            self.assertTrue(seen["figures"] == len(seen["shown"]) > 0, f"{what}: {seen['figures']} figures")
            self.assertEqual(seen["width"], width, f"{what}: asked for")
            self.assertEqual((seen["out"], seen["cells"]), ([], []), f"{what}: sticks out")
            self.assertTrue(seen["page"] <= width, f"{what}: the page is {seen['page']} wide")
            self.assertEqual(seen["asked"], [], f"{what}: asked for from elsewhere")

    def test_that_the_browser_sees(self):
        """A page with one broken figure, one thing too wide and one text too long: each is found."""
        if browser.PROGRAM is None:
            self.skipTest("chromium is not here")
        page = self.folder / "broken.html"
        page.write_text('<!DOCTYPE html><meta name="viewport" content="width=device-width"><body><p style="width:60px">'
                        'abcdefghijklmnopqrstuvwxyz</p><div style="width:900px">wide</div>'
                        '<img alt="lost" src="data:image/svg+xml;base64,AAAA"></body>')
        seen = browser.ask(page, 390)
        self.assertEqual(seen["broken"], ["lost"], "a broken figure is seen")
        self.assertTrue(any("wide" in one for one in seen["out"]) and seen["page"] > 390, f"what is too wide is seen: {seen}")
        self.assertTrue(any("abcdef" in one for one in seen["cells"]), f"a text that is too long is seen: {seen}")

    def report(self, *arguments, status=0):
        found, out, err = run(["report", *arguments])
        self.assertEqual(found, status, f"report {arguments}: {err}")
        return out, err

    def test_headline(self):
        out, err = self.report(self.folder / "headline")
        self.assertEqual((out.splitlines()[-1], err), (f"{self.folder}/headline/report.html", ""), "where it wrote")
        rows = rows_of(self.folder / "headline")
        most = max(int(row["ranks"]) for row in rows)
        for row in rows:
            if int(row["ranks"]) == most:
                ends = rf"^{re.escape(row['series'])} .* {100 * float(row['efficiency']):.1f} %$"
                self.assertTrue(re.search(ends, out, re.MULTILINE),
                                f"the table in the terminal has the efficiencies of efficiency.csv: {ends}: {out}")
        self.check_files(self.folder / "headline", ["networks", "phases", "scaling", "tails", "waiting"])
        rows = rows_of(self.folder / "headline")
        self.assertEqual([(row["series"], row["ranks"], row["repeats"]) for row in rows],
                         [(name, p, "2") for name in ("RDMA bare metal", "TCP in virtual machines") for p in "124"], "rows")
        for row in rows:
            times = []
            for one in self.study["runs"]:
                if one["labels"]["network"] == row["series"] and one["ranks"] == int(row["ranks"]):
                    with h5py.File(self.folder / "headline" / one["file"]) as file:
                        times.append(file["timing/step_seconds"][5:].max(axis=1))
            median = np.median(np.concatenate(times))
            self.assertTrue(abs(float(row["step_seconds_median"]) / median - 1) < 1e-5, f"median of {row}: {median}")
            self.assertTrue(float(row["step_seconds_low"]) <= median * 1.00001 and
                            median <= 1.00001 * float(row["step_seconds_high"]),
                            f"interval of {row}")
            base = next(float(other["step_seconds_median"]) for other in rows if other["series"] == row["series"])
            self.assertTrue(abs(float(row["efficiency"]) * int(row["ranks"]) - base / median) < 1e-4, f"efficiency of {row}")
        summary = json.loads((self.folder / "headline/summary.json").read_text())
        self.assertEqual((summary["schema"], summary["runs_drawn"], len(summary["series"])), ("haloscope-report", 12, 2),
                         "summary.json")

    def test_missing(self):
        """Runs that failed, are invalid, cut short or not there are named, and the rest is drawn."""
        folder, study = self.folder / "missing", copy.deepcopy(self.study)
        shutil.copytree(self.folder / "headline/runs", folder / "runs")
        failed, invalid, cut, gone, running = study["runs"][-5:]
        failed.update(state="failed", reason="no time left")
        running.update(state="running")
        with h5py.File(folder / invalid["file"], "r+") as file:
            file.attrs["valid"] = 0
            del file.attrs["invalid_reasons"]
            file.attrs.create("invalid_reasons", np.array(["velocity_error_max: 2, not 1"], dtype=object),
                              dtype=h5py.string_dtype())
        os.truncate(folder / cut["file"], 5000)
        os.remove(folder / gone["file"])
        study_folder.write(folder, study)
        _, err = self.report(folder, "--output", self.folder / "partial")
        self.assertEqual(len(err.splitlines()), 4, f"one line a run that failed or is invalid: {err}")
        page = (self.folder / "partial/report.html").read_text(encoding="utf-8")
        for one, said in ((failed, "no time left"), (invalid, "velocity_error_max: 2, not 1"), (cut, "cannot be opened as HDF5"),
                          (gone, "cannot be opened"), (running, "running")):
            row = re.search(rf"<tr><td>{one['id']}</td>.*?</tr>", page, re.DOTALL)
            self.assertTrue(row and said in row.group(0), f"{one['id']}: {said}: {row and row.group(0)}")
        count = json.loads((self.folder / "partial/summary.json").read_text())["runs_drawn"]
        self.assertEqual(count, 7, "runs drawn")
        _, err = self.report(folder, "--invalid", "--output", self.folder / "taken")
        self.assertEqual(json.loads((self.folder / "taken/summary.json").read_text())["runs_drawn"], 8,
                         "invalid ones drawn when told")
        self.assertIn("failed their own checks", (self.folder / "taken/report.html").read_text(), "and the page says so")

    def test_ladder(self):
        rungs = dict(study_folder.LADDER, values=[study_folder.LADDER["values"][i] for i in (0, 2, 4, 6)])
        study = study_folder.manifest("ladder", "How much latency?", [rungs], [2, 4], 1)
        study_folder.make_runs(self.folder / "ladder", study, "ib-edr-deep-est", steps=STEPS)
        self.report(self.folder / "ladder")
        self.check_files(self.folder / "ladder", ["networks", "phases", "scaling", "tails", "tolerance", "waiting"])
        summary = json.loads((self.folder / "ladder/summary.json").read_text())
        self.assertEqual([one["ranks"] for one in summary["tolerance"]], [2, 4], "a tolerance for each number of ranks")
        for one in summary["tolerance"]:
            places = [one["slower"][level]["value"] for level in ("0.01", "0.05", "0.1")]
            self.assertTrue(places == sorted(places) and 0 < places[0] and places[2] < 50, f"1, 5, 10 % slower at {places}")
        # One repeat: the program's own summary says the same.
        for one, row in zip(sorted(study["runs"], key=lambda one: (one["x"]["added latency"], one["ranks"])),
                            rows_of(self.folder / "ladder")):
            shown = run(["show", self.folder / "ladder" / one["file"]])[1]
            for name in ("load balance", "serialization", "transfer"):
                said = float(re.search(rf"{name} +([0-9.]+) %", shown).group(1))
                self.assertTrue(abs(100 * float(row[name.replace(" ", "_")]) - said) < 0.051,
                                f"{one['id']} {name}: {row} and {said}")

    def test_attribution(self):
        study = study_folder.manifest("attribution", "Which ingredient?", [study_folder.INGREDIENTS], [4], 2)
        study_folder.make_runs(self.folder / "attribution", study, "tcp-ena-aws-c5-18xlarge", steps=STEPS)
        self.report(self.folder / "attribution")
        self.check_files(self.folder / "attribution", ["attribution", "networks", "phases", "tails", "waiting"])
        (found,) = json.loads((self.folder / "attribution/summary.json").read_text())["attribution"]
        parts = {name: part["value"] for name, part in found["parts"].items()}
        self.assertEqual(list(parts), ["load imbalance", "serialization", "jitter", "CPU noise", "latency and bandwidth"], "parts")
        self.assertTrue(abs(sum(parts.values()) - found["loss"]["value"]) < 1e-9, f"the parts are the loss: {found}")
        for name, part in found["parts"].items():
            self.assertTrue(part["low"] <= part["value"] + 1e-12 and part["value"] - 1e-12 <= part["high"], f"{name}: {part}")

    def test_run_files(self):
        """Native run files by themselves: a weak scaling of one case."""
        rng = np.random.default_rng(1)
        paths = []
        for p in (1, 2, 4):
            for repeat in range(1, 8):
                paths.append(f"w{p}-{repeat}.h5")
                write_run(paths[-1], p, 0.01 * p ** 0.2 * rng.lognormal(0, 0.1, 60), clock="native", cells=(32 * p, 32, 1),
                          seed=repeat)
        out, _ = self.report(*paths)
        self.assertEqual(out.splitlines()[-1], "report/report.html", "where it wrote")
        self.check_files(self.folder / "report", ["phases", "scaling", "tails", "waiting"])
        rows = rows_of(self.folder / "report")
        self.assertEqual([(row["scaling"], row["clock"], row["ranks"], row["repeats"], row["transfer"]) for row in rows],
                         [("weak", "native", p, "7", "") for p in "124"], "rows")
        self.assertTrue(abs(float(rows[2]["efficiency"]) - 4 ** -0.2) < 0.03, f"weak efficiency {rows[2]}")

    def test_many_series(self):
        """Two variables of many values with long names: who is quickest on which, as a table; nothing sticks out."""
        networks = [f"a network of the rather long name number {i}" for i in range(9)]
        methods = ["conjugate gradients, pipelined by Ghysels and Vanroose", "cg", "chebyshev"]
        study = study_folder.manifest("a_name_without_any_blank_in_it_that_is_longer_than_a_phone_is_wide", "Which wins where?", [
            study_folder.variable("network", [study_folder.value(name) for name in networks]),
            study_folder.variable("method", [study_folder.value(name) for name in methods])], [2, 4, 16], 1)
        (self.folder / "many/runs").mkdir(parents=True)
        rng = np.random.default_rng(1)
        for one in study["runs"]:
            i, j = networks.index(one["labels"]["network"]), methods.index(one["labels"]["method"])
            time = 0.01 / one["ranks"] + 1e-4 * i * (1 + (j != i % 3))
            write_run(self.folder / "many" / one["file"], one["ranks"], time * rng.lognormal(0, 0.02, (80, one["ranks"])),
                      network=networks[i], latency=1.0 + i, seed=1)
            one.update(state="done")
        study["runs"][0].update(state="failed", reason="killed: took longer than its limit of 600 s, with all its processes")
        study_folder.write(self.folder / "many", study)
        _, err = self.report(self.folder / "many")
        self.assertEqual(len(err.splitlines()), 1, f"the failed run is named: {err}")
        self.check_files(self.folder / "many", ["networks", "phases", "scaling", "scaling-1", "scaling-2", "tails", "waiting"])
        page = (self.folder / "many/report.html").read_text(encoding="utf-8")
        row = re.search(rf"<tr><td>{networks[7]}</td>(.*?)</tr>", page, re.DOTALL).group(1)
        self.assertEqual(re.findall(r'class="n( best)?"', row), ["", " best", ""], "the quickest method on the eighth network")

    def test_programs(self):
        """Three cases on two networks, of which one grows with the ranks. They share their axes, the page names what it finds, and
        it never compares the step times of two programs."""
        losses = {"solver": (0.02, 0.4), "particles": (0.01, 0.05), "sums": (0.0, 0.001)}  # of the ideal step, for each doubling
        cases = {"solver": "cavity_3d", "particles": "transport", "sums": "allreduce"}
        study = study_folder.manifest("coupling", "Which kind of program does a network hurt?", [
            study_folder.variable("program", [study_folder.value(name, case=case) for name, case in cases.items()]),
            study_folder.variable("network", [study_folder.value(name, network=name) for name in ("near", "far")])],
            [1, 2, 8], 1, scaling="mixed", case=", ".join(cases.values()))
        (self.folder / "coupling/runs").mkdir(parents=True)
        rng = np.random.default_rng(1)
        wanted = {}
        for one in study["runs"]:
            program, network, ranks = one["labels"]["program"], one["labels"]["network"], one["ranks"]
            weak = program == "sums"
            slower = 1 + losses[program][network == "far"] * np.log2(ranks)
            wanted[program, network, ranks] = 1 / slower
            write_run(self.folder / "coupling" / one["file"], ranks,
                      slower * 0.01 / (1 if weak else ranks) * rng.lognormal(0, 0.005, 80),
                      network=network, latency=2.0 if network == "near" else 40.0, case=cases[program])
            one.update(state="done", case=cases[program], scaling="weak" if weak else "strong")
        study_folder.write(self.folder / "coupling", study)
        self.report(self.folder / "coupling")
        self.check_files(self.folder / "coupling",
                         ["networks", "phases", "programs", "scaling", "scaling-1", "scaling-2", "tails", "waiting"])
        for row in rows_of(self.folder / "coupling"):
            program, network = row["series"].split(" / ")
            self.assertEqual((row["case"], row["scaling"]), (cases[program], "weak" if program == "sums" else "strong"),
                             f"{row['series']}: its case")
            self.assertTrue(abs(float(row["efficiency"]) - wanted[program, network, int(row["ranks"])]) < 0.01,
                            f"efficiency: {row}")
        page = (self.folder / "coupling/report.html").read_text(encoding="utf-8")
        answer = re.search(r'<div class="answer">(.*?)</div>', page, re.DOTALL).group(1)
        self.assertTrue(re.search(r"On 8 ranks the parallel efficiency of solver goes from 9\d.*on near to 4\d.*that of particles "
                                  r".*that of sums ", answer), f"who loses most comes first: {answer}")
        self.assertTrue("Median step on" not in page and "the step is shortest, " not in answer,
                        "programs' step times are not compared")
        self.assertTrue("Strong and weak scaling" in page and "Cases cavity_3d, transport, allreduce" in page, "what was run")
        (self.folder / "one").mkdir()
        for one in study["runs"]:
            del one["labels"]["network"], one["x"]["network"]
        study["variables"].pop()
        study["runs"] = [one for one in study["runs"] if int(one["id"][:4]) % 2]  # the near ones
        (self.folder / "one/runs").symlink_to(self.folder / "coupling/runs")
        study_folder.write(self.folder / "one", study)
        self.report(self.folder / "one")
        self.check_files(self.folder / "one", ["networks", "phases", "programs", "tails", "waiting"])
        self.assertIn("On 8 ranks the parallel efficiency is ", (self.folder / "one/report.html").read_text(encoding="utf-8"),
                      "programs on one network")

    def test_python(self):
        """Python that is missing, or that lacks a module: one line, no page."""
        bare = self.folder / "bare"
        bare.write_text('#!/bin/sh\nexec /usr/bin/python3 -S "$@"\n')
        bare.chmod(0o755)
        for python, status, said in (("/nowhere/python3", 2, "HALOSCOPE_PYTHON names another"), (str(bare), 3, "has no module")):
            done = subprocess.run([PROGRAM, "report", "x.h5"], capture_output=True, text=True, check=False,
                                  env={**os.environ, "HALOSCOPE_PYTHON": python})
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (status, 1), f"{python}: {done.stderr}")
            self.assertIn(said, done.stderr, f"{python}: {done.stderr}")
        status, _, err = run(["report"])
        self.assertEqual((status, len(err.splitlines())), (2, 1), f"no paths: {err}")
        status, _, err = run(["report", self.folder / "headline", "x.h5"])
        self.assertEqual((status, len(err.splitlines())), (2, 1), f"a folder and a missing file: {err}")


if __name__ == "__main__":
    main()
