# SPDX-License-Identifier: BSD-3-Clause
"""What was run: from a study's folder (manifest.json, schema haloscope-study, version 1), or from run files alone, whose
attributes then say which of them belong to one series."""
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from .run_file import RunFile, RunFileError

SCHEMA = "haloscope-study"
VERSION = 1
# Keys of a case in which runs of one series may differ.
IGNORED = ("about.", "run.seed", "run.steps", "run.warmup_steps", "run.end_time_s", "expect", "profile")


class StudyError(Exception):
    """The user gave something that is no study, or no study of this version; one line."""


@dataclass
class Variable:
    """What the study turns: its values' labels in order, and for a ladder their places on its axis."""

    name: str
    labels: list
    axis: str = ""
    unit: str = ""
    x: dict = field(default_factory=dict)        # label -> number
    without: dict = field(default_factory=dict)  # label -> ingredients switched off, a frozenset
    cases: dict = field(default_factory=dict)    # label -> case

    @property
    def is_ladder(self):
        return bool(self.axis) and sum(value is not None for value in self.x.values()) > 1

    @property
    def is_attribution(self):
        return len(set(self.without.values())) > 1

    @property
    def is_program(self):
        """Its values are cases of their own: their step times are not to be compared, their efficiencies are."""
        return len(set(self.cases.values())) > 1


@dataclass
class Run:
    """One planned run. `file` is set when it can be drawn, otherwise `reason` says why not."""

    id: str
    labels: dict
    ranks: int
    repeat: int
    state: str
    case: str
    scaling: str
    reason: str = ""
    path: str = ""
    hosts: list = field(default_factory=list)
    seconds: float = 0.0
    started: str = ""
    command: str = ""
    file: RunFile = None


@dataclass
class Study:
    name: str
    question: str
    text: str
    case: str
    scaling: str
    variables: list
    runs: list
    source: str
    provenance: dict = field(default_factory=dict)
    took_invalid: bool = False

    @property
    def drawn(self):
        return [run for run in self.runs if run.file is not None]

    @property
    def missing(self):
        return [run for run in self.runs if run.file is None]


def ingredients(text):
    """The list of --without as a set."""
    return frozenset(word.strip() for word in text.split(",") if word.strip())


def read_study(paths, take_invalid=False):
    """From one folder or from run files. Raises StudyError or RunFileError, when nothing can be drawn too."""
    folders = [path for path in paths if os.path.isdir(path)]
    if folders and len(paths) > 1:
        raise StudyError(f"{folders[0]}: a folder goes alone: one study, or run files")
    for path in paths:
        if not os.path.exists(path):
            raise StudyError(f"{path}: no such file or folder")
    study = _from_folder(Path(paths[0]), take_invalid) if folders else _from_files(paths, take_invalid)
    study.took_invalid = take_invalid
    if not study.drawn:
        reasons = dict.fromkeys(f"{run.id} {run.state}{': ' if run.reason else ''}{run.reason}" for run in study.runs)
        raise StudyError(f"{study.source}: no run to draw{': ' if reasons else ''}{'; '.join(list(reasons)[:3])}" +
                         ("; --invalid draws invalid ones" if any(run.state == "invalid" for run in study.runs) else ""))
    return study


def _open(run, take_invalid):
    """Opens the run's file, or says in its state why not."""
    try:
        file = RunFile(run.path)
        if len(file.steps.slowest) == 0:
            run.state, run.reason = "failed", "no completed step after warm-up"
            return
        if int(file["ranks"]) != run.ranks:
            run.state, run.reason = "failed", f"its file is of {file['ranks']} ranks, not {run.ranks}"
            return
    except RunFileError as error:
        run.state, run.reason = "failed", str(error).replace(run.path, os.path.basename(run.path))
        return
    if not file.valid:
        run.state = "invalid"
        run.reason = "; ".join(file.get("invalid_reasons", [])) or run.reason or "its checks failed"
    if file.valid or take_invalid:
        run.file = file


# --- a study's folder ----------------------------------------------------------------------------------------------------


def _manifest(folder):
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text())
    except FileNotFoundError:
        raise StudyError(f"{folder}: not the folder of a study: it has no manifest.json") from None
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA or manifest.get("schema_version") != VERSION:
        raise StudyError(f"{path}: not a {SCHEMA} manifest of version {VERSION}")
    return manifest


def _from_folder(folder, take_invalid):
    manifest = _manifest(folder)
    try:
        variables = [_variable(entry) for entry in manifest["variables"]]
        runs = [_planned(folder, entry, manifest) for entry in manifest["runs"]]
        about = manifest["about"]
        study = Study(about["name"], about.get("question", ""), about.get("text", ""), manifest["case"],
                      manifest["scaling"], variables, runs, str(folder))
        for run in runs:
            for variable in variables:
                if run.labels.get(variable.name) not in variable.labels:
                    raise StudyError(f"{folder}/manifest.json: run {run.id}: no value of {variable.name}")
    except (KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"{folder}/manifest.json: not whole: {error}") from None
    if not runs:
        raise StudyError(f"{folder}: the study has no runs")
    study.provenance = {key: manifest.get(key, "") for key in ("created_utc", "seed", "repeats", "launcher", "clock",
                                                               "haloscope_version", "git_commit")}
    for run in runs:
        # Another state than these has no file, or one that is being written.
        if run.state in ("done", "invalid"):
            _open(run, take_invalid)
    return study


def _variable(entry):
    values = entry["values"]
    return Variable(entry["name"], [value["label"] for value in values], entry.get("axis", ""), entry.get("unit", ""),
                    {value["label"]: value.get("x") for value in values},
                    {value["label"]: ingredients(value.get("without", "")) for value in values},
                    {value["label"]: value.get("case", "") for value in values})


def _planned(folder, entry, manifest):
    return Run(entry["id"], dict(entry["labels"]), int(entry["ranks"]), int(entry["repeat"]), entry["state"],
               entry.get("case", manifest["case"]), entry.get("scaling", manifest["scaling"]), entry.get("reason", ""),
               str(folder / entry["file"]), entry.get("hosts", []), entry.get("seconds", 0.0) or 0.0, entry.get("started_utc", ""),
               " ".join(entry.get("command", [])))


# --- run files alone -----------------------------------------------------------------------------------------------------


def _flat(tree, prefix=""):
    """Nested dicts and lists of tables as {a.b.c: value}."""
    if not isinstance(tree, dict):
        return {prefix[:-1]: tree if isinstance(tree, str) else json.dumps(tree)}
    return {key: value for name, part in tree.items() for key, value in _flat(part, f"{prefix}{name}.").items()}


def _settings(file):
    """What tells series apart: everything that was set, but for how long and with which seed."""
    settings = {key: value for key, value in _flat(file.effective_case).items() if not key.startswith(IGNORED)}
    profile = _flat(file.network_profile or {}, "network.")
    settings.update({key: value for key, value in profile.items() if not key.startswith("network.about.")})
    return settings | {"network": file.network, "clock": file.clock, "without": file.get("without"),
                       "ranks per node": str(file.get("ranks_per_node")) if file.clock != "native" else ""}


def _grows(files):
    """Whether the grid has the same number of cells a rank in all, and not the same in all."""
    cells = [file.effective_case.get("grid", {}).get("cells") for file in files]
    if not all(isinstance(c, list) and len(c) == 3 for c in cells) or all(c == cells[0] for c in cells):
        return False
    loads = [c[0] * c[1] * c[2] / int(file["ranks"]) for c, file in zip(cells, files)]
    return max(loads) < 1.01 * min(loads)


def _from_files(paths, take_invalid):
    files = [RunFile(path) for path in paths]
    names = list(dict.fromkeys(file["case_name"] for file in files))
    if len(names) > 1:
        raise StudyError(f"{paths[0]}: runs of several cases: {', '.join(names)}")
    weak = _grows(files)
    settings = [_settings(file) for file in files]
    for one in settings if weak else ():
        for key in ("grid.cells", "grid.length_m"):
            one.pop(key, None)
    differing = [key for key in dict.fromkeys(key for one in settings for key in one)
                 if len({one.get(key, "") for one in settings}) > 1]
    # Different networks differ in all their parts: the name says it, unless one name stands for several.
    parts = [key for key in differing if key.startswith("network.")]
    if len({one["network"] for one in settings}) == len({tuple(one.get(k, "") for k in ["network", *parts]) for one in settings}):
        differing = [key for key in differing if key not in parts]
    differing = ["network", *(key for key in differing if key != "network")]
    runs, seen = [], {}
    for path, file, one in zip(paths, files, settings):
        labels = {key: one.get(key) or {"without": "all", "ranks per node": "one host"}.get(key, "–") for key in differing}
        key = (tuple(labels.values()), int(file["ranks"]))
        seen[key] = seen.get(key, 0) + 1
        run = Run(os.path.basename(path), labels, int(file["ranks"]), seen[key], "done", names[0], "weak" if weak else "strong",
                  path=path, started=file.get("created_utc"), command=file.get("command_line"))
        _open(run, take_invalid)
        runs.append(run)
    variables = [Variable(key, list(dict.fromkeys(run.labels[key] for run in runs))) for key in differing]
    for variable in variables:
        if variable.name == "without":
            variable.without = {label: ingredients("" if label == "all" else label) for label in variable.labels}
    return Study(names[0], "", files[0].effective_case.get("about", {}).get("text", ""), names[0],
                 "weak" if weak else "strong", variables, runs, paths[0] if len(paths) == 1 else f"{len(paths)} run files")
