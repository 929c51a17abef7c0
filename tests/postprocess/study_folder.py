# SPDX-License-Identifier: BSD-3-Clause
"""Makes study folders for the tests of the report: real runs of the program on modelled networks, and the manifest that
`haloscope study` would leave beside them.

usage: study_folder.py headline|ladder|attribution FOLDER [STEPS]
"""
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("HALOSCOPE_PROGRAM", str(SOURCE / "build/release/haloscope"))
MPIEXEC = os.environ.get("HALOSCOPE_MPIEXEC", "mpirun")


def value(label, x=None, network="", without="", set_network=None, case=""):
    return {"label": label, "x": x, "case": case, "network": network, "without": without, "ranks_per_node": 1, "set": {},
            "set_network": set_network or {}}


def variable(name, values, axis="", unit=""):
    return {"name": name, "unit": unit, "axis": axis, "values": values}


NETWORKS = variable("network", [value("RDMA bare metal", network="ib-edr-deep-est"),
                                value("RDMA in virtual machines", network="ib-hdr-sriov-azure-hbv3"),
                                value("TCP in virtual machines", network="tcp-ena-aws-c5-18xlarge")])
SHORT_NETWORKS = variable("network", [NETWORKS["values"][0], NETWORKS["values"][2]])
LADDER = variable("added latency", axis="added_latency_us", unit="us", values=[
    value(f"+{x:g} us", x, set_network={"between_nodes.half_round_trip_us": 1.5 + x}) for x in (0, 1, 2, 5, 10, 20, 50)])
INGREDIENTS = variable("ingredients", [value("all"), value("no jitter", without="jitter"),
                                       value("no CPU noise", without="noise"), value("neither", without="jitter,noise")])


def manifest(name, question, variables, ranks, repeats, scaling="strong", case="cavity"):
    """All runs planned, none made."""
    runs = []
    for p in ranks:
        for chosen in itertools.product(*(v["values"] for v in variables)):
            for repeat in range(1, repeats + 1):
                number = f"{len(runs) + 1:04d}-{p}"
                labels = {v["name"]: c["label"] for v, c in zip(variables, chosen)}
                runs.append({"id": number, "labels": labels, "x": {v["name"]: c["x"] for v, c in zip(variables, chosen)},
                             "ranks": p, "repeat": repeat, "state": "planned", "reason": "", "file": f"runs/{number}.h5",
                             "log": f"runs/{number}.log", "command": [], "hosts": [], "started_utc": "", "seconds": 0.0,
                             "job": ""})
    return {"schema": "haloscope-study", "schema_version": 1, "about": {"name": name, "question": question, "text": ""},
            "case": case, "scaling": scaling, "ranks": list(ranks), "repeats": repeats, "seed": 1, "clock": "virtual",
            "launcher": "local", "haloscope_version": "0.1.0", "git_commit": "unknown",
            "created_utc": "2026-01-01T00:00:00Z", "variables": variables, "runs": runs}


def settings_of(study, run):
    """The options that its values of all variables ask for."""
    options = []
    for v in study["variables"]:
        chosen = next(c for c in v["values"] if c["label"] == run["labels"][v["name"]])
        options += ["--network", chosen["network"]] if chosen["network"] else []
        options += ["--without", chosen["without"]] if chosen["without"] else []
        for key, setting in chosen["set_network"].items():
            options += ["--set-network", f"{key}={setting}"]
    return options


def make_runs(folder, study, network=None, cells=(32, 32, 1), steps=60):
    """Makes every run, one after the other, each repeat with a seed of its own."""
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text("# made by a test\n")
    for run in study["runs"]:
        options = settings_of(study, run) + (["--network", network] if network else [])
        command = [MPIEXEC, "-n", str(run["ranks"]), "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle",
                   "1", PROGRAM, "run", study["case"], "--set", f"grid.cells={list(cells)}", "--compute", "model", "--steps",
                   str(steps), "--set", "run.warmup_steps=5", "--set", "expect=[]", "--seed", str(run["repeat"]), "--output",
                   str(folder / run["file"]), "--force", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        (folder / run["log"]).write_text(done.stdout + done.stderr)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.returncode}: {done.stderr}")
        run.update(state="done", command=command, hosts=["localhost"], seconds=1.0)
    write(folder, study)


def write(folder, study):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(study, indent=1))


def main(kind, folder, steps=60):
    os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
    os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
    folder = Path(folder)
    if kind == "headline":
        study = manifest("rdma_vs_virtualized", "What does a virtualized network cost this solver?", [NETWORKS],
                         [1, 2, 4, 8, 16], 3)
        make_runs(folder, study, cells=(64, 64, 16), steps=steps)
    elif kind == "ladder":
        study = manifest("latency_ladder", "How much latency does the solver stand?", [LADDER], [2, 8], 2)
        make_runs(folder, study, "ib-edr-deep-est", (64, 64, 16), steps)
    elif kind == "attribution":
        study = manifest("attribution", "Which ingredient costs the efficiency?", [SHORT_NETWORKS, INGREDIENTS], [2, 8], 2)
        make_runs(folder, study, cells=(64, 64, 16), steps=steps)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 60)
