#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""haloscope report on studies that the real program ran: the numbers are those of the run files and of `haloscope show`, the
page stands alone, a browser shows all of it at the width of a desk and of a phone, and what cannot be drawn is named."""
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

from haloscope_program import PROGRAM, Checks, Folder, run  # noqa: E402

COLUMNS = ("case,scaling,network,clock,series,ranks,repeats,step_seconds_median,step_seconds_low,step_seconds_high,"
           "step_seconds_p99,speedup,efficiency,efficiency_low,efficiency_high,point_to_point_fraction,collective_fraction,"
           "load_balance,serialization,transfer")
STEPS = 40


def rows_of(folder):
    with open(folder / "efficiency.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def check_files(check, folder, figures):
    """Everything is there, whole, and by itself."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    check((folder / "efficiency.csv").read_text().splitlines()[0] == COLUMNS, f"{folder}: the columns of efficiency.csv")
    links = re.findall(r'(?:src|href|srcset)="([^"]*)"', page)
    check(links and all(link.startswith(("data:image/svg+xml;base64,", "#")) for link in links), f"{folder}: points nowhere else")
    check("<script" not in page and "url(" not in page, f"{folder}: no script, nothing to load")
    drawn = sorted(path.stem for path in (folder / "figures").glob("*.svg"))
    check.equal(drawn, sorted(figures), f"{folder}: figures")
    for name in drawn:
        root = xml.parse(folder / "figures" / f"{name}.svg").getroot()
        check(root.tag.endswith("svg") and len(list(root.iter())) > 50, f"{name}.svg is a drawing")
        check((folder / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG"), f"{name}.png is one")
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page, re.DOTALL)
    check(len(captions) == len(drawn) and all(re.search(r"\d.*(repeat|not from runs)", one, re.DOTALL) for one in captions),
          f"{folder}: a sentence with numbers and the repeats under every figure: {captions}")
    for part in re.findall(r"<(?:section|a href=\"#)[^>]*", page):
        check("None" not in part, f"{folder}: {part}")
    check(not re.search(r"\bnan\b|None|&lt;built-in", re.sub(r"data:[^\"]*", "", page)), f"{folder}: nothing unknown printed as nan")


def check_browser(check, folder):
    for width in (1280, 390):
        seen = browser.ask(folder / "report.html", width)
        what = f"{folder.name} at {width} pixels"
        check.equal(seen["broken"], [], f"{what}: figures that did not load")
        check(seen["figures"] == len(seen["shown"]) > 0, f"{what}: {seen['figures']} figures")
        check.equal(seen["width"], width, f"{what}: asked for")
        check.equal((seen["out"], seen["cells"]), ([], []), f"{what}: sticks out")
        check(seen["page"] <= width, f"{what}: the page is {seen['page']} wide")
        check.equal(seen["asked"], [], f"{what}: asked for from elsewhere")


def check_that_the_browser_sees(check, folder):
    """A page with one broken figure, one thing too wide and one text too long: each is found."""
    page = folder / "broken.html"
    page.write_text('<!DOCTYPE html><meta name="viewport" content="width=device-width"><body><p style="width:60px">'
                    'abcdefghijklmnopqrstuvwxyz</p><div style="width:900px">wide</div>'
                    '<img alt="lost" src="data:image/svg+xml;base64,AAAA"></body>')
    seen = browser.ask(page, 390)
    check.equal(seen["broken"], ["lost"], "a broken figure is seen")
    check(any("wide" in one for one in seen["out"]) and seen["page"] > 390, f"what is too wide is seen: {seen}")
    check(any("abcdef" in one for one in seen["cells"]), f"a text that is too long is seen: {seen}")


def report(check, *arguments, status=0):
    found, out, err = run(["report", *arguments])
    check.equal(found, status, f"report {arguments}: {err}")
    return out, err


def check_headline(check, folder):
    study = study_folder.manifest("two_networks", "What does TCP cost?", [study_folder.SHORT_NETWORKS], [1, 2, 4], 2)
    study_folder.make_runs(folder / "headline", study, steps=STEPS)
    out, err = report(check, folder / "headline")
    check.equal((out.splitlines()[-1], err), (f"{folder}/headline/report.html", ""), "where it wrote")
    rows = rows_of(folder / "headline")
    most = max(int(row["ranks"]) for row in rows)
    for row in rows:
        if int(row["ranks"]) == most:
            ends = rf"^{re.escape(row['series'])} .* {100 * float(row['efficiency']):.1f} %$"
            check(re.search(ends, out, re.MULTILINE), f"the table in the terminal has the efficiencies of efficiency.csv: {ends}: {out}")
    check_files(check, folder / "headline", ["networks", "phases", "scaling", "tails", "waiting"])
    rows = rows_of(folder / "headline")
    check.equal([(row["series"], row["ranks"], row["repeats"]) for row in rows],
                [(name, p, "2") for name in ("RDMA bare metal", "TCP in virtual machines") for p in "124"], "rows")
    for row in rows:
        times = []
        for one in study["runs"]:
            if one["labels"]["network"] == row["series"] and one["ranks"] == int(row["ranks"]):
                with h5py.File(folder / "headline" / one["file"]) as file:
                    times.append(file["timing/step_seconds"][5:].max(axis=1))
        median = np.median(np.concatenate(times))
        check(abs(float(row["step_seconds_median"]) / median - 1) < 1e-5, f"median of {row}: {median}")
        check(float(row["step_seconds_low"]) <= median * 1.00001 and median <= 1.00001 * float(row["step_seconds_high"]),
              f"interval of {row}")
        base = next(float(other["step_seconds_median"]) for other in rows if other["series"] == row["series"])
        check(abs(float(row["efficiency"]) * int(row["ranks"]) - base / median) < 1e-4, f"efficiency of {row}")
    summary = json.loads((folder / "headline/summary.json").read_text())
    check.equal((summary["schema"], summary["runs_drawn"], len(summary["series"])), ("haloscope-report", 12, 2), "summary.json")
    return study


def check_missing(check, folder, study):
    """Runs that failed, are invalid, cut short or not there are named, and the rest is drawn."""
    failed, invalid, cut, gone, running = study["runs"][-5:]
    failed.update(state="failed", reason="no time left")
    running.update(state="running")
    with h5py.File(folder / "headline" / invalid["file"], "r+") as file:
        file.attrs["valid"] = 0
        del file.attrs["invalid_reasons"]
        file.attrs.create("invalid_reasons", np.array(["velocity_error_max: 2, not 1"], dtype=object), dtype=h5py.string_dtype())
    os.truncate(folder / "headline" / cut["file"], 5000)
    os.remove(folder / "headline" / gone["file"])
    study_folder.write(folder / "headline", study)
    _, err = report(check, folder / "headline", "--output", folder / "partial")
    check.equal(len(err.splitlines()), 4, f"one line a run that failed or is invalid: {err}")
    page = (folder / "partial/report.html").read_text(encoding="utf-8")
    for one, said in ((failed, "no time left"), (invalid, "velocity_error_max: 2, not 1"), (cut, "cannot be opened as HDF5"),
                      (gone, "cannot be opened"), (running, "running")):
        row = re.search(rf"<tr><td>{one['id']}</td>.*?</tr>", page, re.DOTALL)
        check(row and said in row.group(0), f"{one['id']}: {said}: {row and row.group(0)}")
    count = json.loads((folder / "partial/summary.json").read_text())["runs_drawn"]
    check.equal(count, 7, "runs drawn")
    _, err = report(check, folder / "headline", "--invalid", "--output", folder / "taken")
    check.equal(json.loads((folder / "taken/summary.json").read_text())["runs_drawn"], 8, "invalid ones drawn when told")
    check("failed their own checks" in (folder / "taken/report.html").read_text(), "and the page says so")


def check_ladder(check, folder):
    rungs = dict(study_folder.LADDER, values=[study_folder.LADDER["values"][i] for i in (0, 2, 4, 6)])
    study = study_folder.manifest("ladder", "How much latency?", [rungs], [2, 4], 1)
    study_folder.make_runs(folder / "ladder", study, "ib-edr-deep-est", steps=STEPS)
    report(check, folder / "ladder")
    check_files(check, folder / "ladder", ["networks", "phases", "scaling", "tails", "tolerance", "waiting"])
    summary = json.loads((folder / "ladder/summary.json").read_text())
    check.equal([one["ranks"] for one in summary["tolerance"]], [2, 4], "a tolerance for each number of ranks")
    for one in summary["tolerance"]:
        places = [one["slower"][level]["value"] for level in ("0.01", "0.05", "0.1")]
        check(places == sorted(places) and 0 < places[0] and places[2] < 50, f"1, 5, 10 % slower at {places}")
    # One repeat: the program's own summary says the same.
    for one, row in zip(sorted(study["runs"], key=lambda one: (one["x"]["added latency"], one["ranks"])),
                        rows_of(folder / "ladder")):
        shown = run(["show", folder / "ladder" / one["file"]])[1]
        for name in ("load balance", "serialization", "transfer"):
            said = float(re.search(rf"{name} +([0-9.]+) %", shown).group(1))
            check(abs(100 * float(row[name.replace(" ", "_")]) - said) < 0.051, f"{one['id']} {name}: {row} and {said}")


def check_attribution(check, folder):
    study = study_folder.manifest("attribution", "Which ingredient?", [study_folder.INGREDIENTS], [4], 2)
    study_folder.make_runs(folder / "attribution", study, "tcp-ena-aws-c5-18xlarge", steps=STEPS)
    report(check, folder / "attribution")
    check_files(check, folder / "attribution", ["attribution", "networks", "phases", "tails", "waiting"])
    (found,) = json.loads((folder / "attribution/summary.json").read_text())["attribution"]
    parts = {name: part["value"] for name, part in found["parts"].items()}
    check.equal(list(parts), ["load imbalance", "serialization", "jitter", "CPU noise", "latency and bandwidth"], "parts")
    check(abs(sum(parts.values()) - found["loss"]["value"]) < 1e-9, f"the parts are the loss: {found}")
    for name, part in found["parts"].items():
        check(part["low"] <= part["value"] + 1e-12 and part["value"] - 1e-12 <= part["high"], f"{name}: {part}")


def check_run_files(check, folder):
    """Native run files by themselves: a weak scaling of one case."""
    rng = np.random.default_rng(1)
    paths = []
    for p in (1, 2, 4):
        for repeat in range(1, 8):
            paths.append(f"w{p}-{repeat}.h5")
            write_run(paths[-1], p, 0.01 * p ** 0.2 * rng.lognormal(0, 0.1, 60), clock="native", cells=(32 * p, 32, 1), seed=repeat)
    out, _ = report(check, *paths)
    check.equal(out.splitlines()[-1], "report/report.html", "where it wrote")
    check_files(check, folder / "report", ["phases", "scaling", "tails", "waiting"])
    rows = rows_of(folder / "report")
    check.equal([(row["scaling"], row["clock"], row["ranks"], row["repeats"], row["transfer"]) for row in rows],
                [("weak", "native", p, "7", "") for p in "124"], "rows")
    check(abs(float(rows[2]["efficiency"]) - 4 ** -0.2) < 0.03, f"weak efficiency {rows[2]}")


def check_many_series(check, folder):
    """Two variables of many values with long names: who is quickest on which, as a table; nothing sticks out."""
    networks = [f"a network of the rather long name number {i}" for i in range(9)]
    methods = ["conjugate gradients, pipelined by Ghysels and Vanroose", "cg", "chebyshev"]
    study = study_folder.manifest("a_name_without_any_blank_in_it_that_is_longer_than_a_phone_is_wide", "Which wins where?", [
        study_folder.variable("network", [study_folder.value(name) for name in networks]),
        study_folder.variable("method", [study_folder.value(name) for name in methods])], [2, 4, 16], 1)
    (folder / "many/runs").mkdir(parents=True)
    rng = np.random.default_rng(1)
    for one in study["runs"]:
        i, j = networks.index(one["labels"]["network"]), methods.index(one["labels"]["method"])
        time = 0.01 / one["ranks"] + 1e-4 * i * (1 + (j != i % 3))
        write_run(folder / "many" / one["file"], one["ranks"], time * rng.lognormal(0, 0.02, (80, one["ranks"])),
                  network=networks[i], latency=1.0 + i, seed=1)
        one.update(state="done")
    study["runs"][0].update(state="failed", reason="killed: took longer than its limit of 600 s, with all its processes")
    study_folder.write(folder / "many", study)
    _, err = report(check, folder / "many")
    check.equal(len(err.splitlines()), 1, f"the failed run is named: {err}")
    check_files(check, folder / "many", ["networks", "phases", "scaling", "scaling-1", "scaling-2", "tails", "waiting"])
    page = (folder / "many/report.html").read_text(encoding="utf-8")
    row = re.search(rf"<tr><td>{networks[7]}</td>(.*?)</tr>", page, re.DOTALL).group(1)
    check.equal(re.findall(r'class="n( best)?"', row), ["", " best", ""], "the quickest method on the eighth network")


def check_programs(check, folder):
    """Three cases on two networks, of which one grows with the ranks: the same axes, a finding, and no step time of one program held
    against another's."""
    losses = {"solver": (0.02, 0.4), "particles": (0.01, 0.05), "sums": (0.0, 0.001)}  # of the ideal step, for each doubling
    cases = {"solver": "cavity_3d", "particles": "transport", "sums": "allreduce"}
    study = study_folder.manifest("coupling", "Which kind of program does a network hurt?", [
        study_folder.variable("program", [study_folder.value(name, case=case) for name, case in cases.items()]),
        study_folder.variable("network", [study_folder.value(name, network=name) for name in ("near", "far")])],
        [1, 2, 8], 1, scaling="mixed", case=", ".join(cases.values()))
    (folder / "coupling/runs").mkdir(parents=True)
    rng = np.random.default_rng(1)
    wanted = {}
    for one in study["runs"]:
        program, network, ranks = one["labels"]["program"], one["labels"]["network"], one["ranks"]
        weak = program == "sums"
        slower = 1 + losses[program][network == "far"] * np.log2(ranks)
        wanted[program, network, ranks] = 1 / slower
        write_run(folder / "coupling" / one["file"], ranks, slower * 0.01 / (1 if weak else ranks) * rng.lognormal(0, 0.005, 80),
                  network=network, latency=2.0 if network == "near" else 40.0, case=cases[program])
        one.update(state="done", case=cases[program], scaling="weak" if weak else "strong")
    study_folder.write(folder / "coupling", study)
    report(check, folder / "coupling")
    check_files(check, folder / "coupling", ["networks", "phases", "programs", "scaling", "scaling-1", "scaling-2", "tails", "waiting"])
    for row in rows_of(folder / "coupling"):
        program, network = row["series"].split(" / ")
        check.equal((row["case"], row["scaling"]), (cases[program], "weak" if program == "sums" else "strong"), f"{row['series']}: its case")
        check(abs(float(row["efficiency"]) - wanted[program, network, int(row["ranks"])]) < 0.01, f"efficiency: {row}")
    page = (folder / "coupling/report.html").read_text(encoding="utf-8")
    answer = re.search(r'<div class="answer">(.*?)</div>', page, re.DOTALL).group(1)
    check(re.search(r"On 8 ranks the parallel efficiency of solver goes from 9\d.*on near to 4\d.*that of particles .*that of sums ", answer),
          f"who loses most comes first: {answer}")
    check("Median step on" not in page and "the step is shortest, " not in answer, "programs' step times are not compared")
    check("Strong and weak scaling" in page and "Cases cavity_3d, transport, allreduce" in page, "what was run")
    (folder / "one").mkdir()
    for one in study["runs"]:
        del one["labels"]["network"], one["x"]["network"]
    study["variables"].pop()
    study["runs"] = [one for one in study["runs"] if int(one["id"][:4]) % 2]  # the near ones
    (folder / "one/runs").symlink_to(folder / "coupling/runs")
    study_folder.write(folder / "one", study)
    report(check, folder / "one")
    check_files(check, folder / "one", ["networks", "phases", "programs", "tails", "waiting"])
    check("On 8 ranks the parallel efficiency is " in (folder / "one/report.html").read_text(encoding="utf-8"), "programs on one network")


def check_python(check, folder):
    """Python that is missing, or that lacks a module: one line, no page."""
    bare = folder / "bare"
    bare.write_text('#!/bin/sh\nexec /usr/bin/python3 -S "$@"\n')
    bare.chmod(0o755)
    for python, status, said in (("/nowhere/python3", 2, "HALOSCOPE_PYTHON names another"), (str(bare), 3, "has no module")):
        done = subprocess.run([PROGRAM, "report", "x.h5"], capture_output=True, text=True, check=False,
                              env={**os.environ, "HALOSCOPE_PYTHON": python})
        check.equal((done.returncode, len(done.stderr.splitlines())), (status, 1), f"{python}: {done.stderr}")
        check(said in done.stderr, f"{python}: {done.stderr}")
    status, _, err = run(["report"])
    check.equal((status, len(err.splitlines())), (2, 1), f"no paths: {err}")
    status, _, err = run(["report", folder / "headline", "x.h5"])
    check.equal((status, len(err.splitlines())), (2, 1), f"a folder and a missing file: {err}")


def main():
    check = Checks()
    with Folder() as folder:
        study = check_headline(check, folder)
        check_ladder(check, folder)
        check_attribution(check, folder)
        check_run_files(check, folder)
        check_many_series(check, folder)
        check_programs(check, folder)
        if browser.PROGRAM:
            check_that_the_browser_sees(check, folder)
            for name in ("headline", "ladder", "attribution", "report", "many", "coupling"):
                check_browser(check, folder / name)
        else:
            print("not looked at in a browser: chromium is not here")
        check_missing(check, folder, study)
        check_python(check, folder)
        if len(sys.argv) > 1:  # to look at
            shutil.copytree(folder, sys.argv[1], dirs_exist_ok=True)
    check.end()


main()
