# SPDX-License-Identifier: BSD-3-Clause
"""Reads run files (schema haloscope-run, version 1). The one place in Python that knows the schema.

Step times are read a slab of steps at a time, so a file may be larger than memory. Only some numbers a step and some a rank are
kept. Warm-up steps and steps that were not reached are left out of everything.
"""
import json
import tomllib
from dataclasses import dataclass
from functools import cached_property

import h5py
import numpy as np

SCHEMA = "haloscope-run"
VERSION = 1
SLAB = 1024  # steps read at a time
NEEDED = ("valid", "ranks", "warmup_steps", "steps_completed", "case_name", "effective_case")


class RunFileError(Exception):
    """The file is missing, truncated, or not a run file of this version; the text is one line."""


def _plain(value):
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


@dataclass
class Steps:
    """Sums and times over the steps after warm-up, in seconds; None where the file does not have them."""

    slowest: np.ndarray         # (step) of the slowest rank
    average: np.ndarray         # (step) over the ranks
    phases: list                # names
    phase: np.ndarray           # (phase) mean over steps and ranks
    point_to_point: np.ndarray  # (phase) the same, the part inside point-to-point calls
    collective: np.ndarray      # (phase) … inside collective calls
    elapsed_of_rank: np.ndarray     # (rank) mean over steps
    mpi_of_rank: np.ndarray         # (rank) …, inside MPI
    compute_of_rank: np.ndarray     # (rank) …, computing, undisturbed; virtual time only
    ideal_of_rank: np.ndarray       # (rank) …, on a network that takes no time; virtual time only
    ideal_slowest: np.ndarray       # (step) the slowest rank on that network
    longest_wait: tuple         # seconds, step (from the start of the run), rank


class RunFile:
    """One run: its attributes as a dict, and what is derived from its steps. The file is open only while it is read."""

    def __init__(self, path):
        self.path = str(path)
        with self._open() as file:
            self.attributes = {key: _plain(value) for key, value in file.attrs.items()}
        if self.attributes.get("schema") != SCHEMA or self.attributes.get("schema_version") != VERSION:
            raise RunFileError(f"{path}: not a {SCHEMA} file of version {VERSION}")
        missing = [name for name in NEEDED if name not in self.attributes]
        if missing:
            raise RunFileError(f"{path}: has no {', '.join(missing)}")

    def _open(self):
        try:
            return h5py.File(self.path, "r")
        except OSError as error:
            raise RunFileError(f"{self.path}: cannot be opened as HDF5: {str(error).splitlines()[0]}") from None

    def __getitem__(self, name):
        return self.attributes[name]

    def get(self, name, otherwise=""):
        """An attribute that not every run has."""
        return self.attributes.get(name, otherwise)

    @property
    def valid(self):
        return bool(self["valid"])

    @property
    def clock(self):
        return self.get("clock", "native") or "native"

    @property
    def network(self):
        return self.get("network") or "native"

    @property
    def steps_completed(self):
        """Warm-up included."""
        return int(self["steps_completed"])

    @cached_property
    def effective_case(self):
        try:
            return json.loads(self["effective_case"])
        except ValueError:
            raise RunFileError(f"{self.path}: its effective_case is not JSON") from None

    @cached_property
    def network_profile(self):
        """The profile as nested dicts; None on a real network."""
        try:
            return tomllib.loads(self.get("network_profile")) or None
        except tomllib.TOMLDecodeError:
            raise RunFileError(f"{self.path}: its network_profile is not TOML") from None

    @cached_property
    def slowest_step_seconds(self):
        """Of every completed step after warm-up, the time of its slowest rank [s]."""
        with self._reading() as file:
            return np.concatenate([slab.max(axis=1) for slab in self._slabs(file, "timing/step_seconds")] or [np.empty(0)])

    @cached_property
    def steps(self):
        """All of Steps, read once."""
        with self._reading() as file:
            return self._steps(file)

    def _reading(self):
        run = self

        class Reading:
            def __enter__(self):
                self.file = run._open()
                return self.file

            def __exit__(self, kind, error, _):
                self.file.close()
                if kind and issubclass(kind, (KeyError, OSError, ValueError, IndexError, TypeError)):
                    raise RunFileError(f"{run.path}: cannot be read as a run file: {str(error).splitlines()[0]}") from None

        return Reading()

    def _slabs(self, file, name):
        first, end = int(self["warmup_steps"]), self.steps_completed
        for i in range(first, end, SLAB):
            yield file[name][i:min(i + SLAB, end)]

    def _steps(self, file):
        timing = file["timing"]
        phases = [_plain(name) for name in timing["phase_seconds"].attrs["phases"]]
        ranks, n = int(self["ranks"]), max(0, self.steps_completed - int(self["warmup_steps"]))
        virtual = "ideal_seconds" in timing and "compute_seconds" in timing
        slowest, average, ideal_slowest = np.empty(n), np.empty(n), np.empty(n)
        of_phase = {name: np.zeros(len(phases)) for name in ("phase", "point_to_point", "collective")}
        of_rank = {name: np.zeros(ranks) for name in ("elapsed", "mpi", "compute", "ideal")}
        longest = (0.0, 0, 0)
        for begin in range(0, n, SLAB):
            here, there = slice(begin, min(begin + SLAB, n)), int(self["warmup_steps"]) + begin
            read = slice(there, there + here.stop - here.start)
            elapsed = timing["step_seconds"][read]
            slowest[here], average[here] = elapsed.max(axis=1), elapsed.mean(axis=1)
            of_rank["elapsed"] += elapsed.sum(axis=0)
            of_phase["phase"] += timing["phase_seconds"][read].mean(axis=1).sum(axis=0)
            mpi = np.zeros_like(elapsed)
            for name in ("point_to_point", "collective"):
                part = timing[f"{name}_seconds"][read]
                of_phase[name] += part.mean(axis=1).sum(axis=0)
                mpi += part.sum(axis=2)
            of_rank["mpi"] += mpi.sum(axis=0)
            if np.isfinite(mpi).any() and np.nanmax(mpi) > longest[0]:
                step, rank = np.unravel_index(np.nanargmax(mpi), mpi.shape)
                longest = (float(mpi[step, rank]), int(step) + there, int(rank))
            if virtual:
                of_rank["compute"] += timing["compute_seconds"][read].sum(axis=(0, 2))
                ideal = timing["ideal_seconds"][read].sum(axis=2)
                of_rank["ideal"] += ideal.sum(axis=0)
                ideal_slowest[here] = ideal.max(axis=1)
        share = 1 / n if n else np.nan
        return Steps(slowest, average, phases, *(of_phase[name] * share for name in of_phase), of_rank["elapsed"] * share,
                     of_rank["mpi"] * share, *((of_rank[name] * share if virtual else None) for name in ("compute", "ideal")),
                     ideal_slowest if virtual else None, longest)

    def waiting(self, first, end):
        """(step, rank) seconds inside MPI of the steps first to end, counted from the start of the run."""
        with self._reading() as file:
            timing = file["timing"]
            return (timing["point_to_point_seconds"][first:end].sum(axis=2) +
                    timing["collective_seconds"][first:end].sum(axis=2))

    @cached_property
    def machine(self):
        """The facts of /machine as a dict of texts."""
        with self._reading() as file:
            return {key: str(_plain(value)) for key, value in file["machine"].attrs.items()} if "machine" in file else {}

    @cached_property
    def hosts(self):
        """Their names, each once, in the order of the ranks."""
        with self._reading() as file:
            names = [_plain(name) for name in file["ranks/host"][()]] if "ranks/host" in file else []
        return list(dict.fromkeys(names))
