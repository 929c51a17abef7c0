# SPDX-License-Identifier: BSD-3-Clause
"""Reads run files (schema haloscope-run, version 1). The one place in Python that knows the schema.

Step times are read a slab of steps at a time, so a file may be larger than memory; what is kept is one number a step.
"""
import h5py
import numpy as np

SCHEMA = "haloscope-run"
VERSION = 1
SLAB = 1024  # steps read at a time


class RunFileError(Exception):
    """The file is missing, truncated, or not a run file of this version; the text is one line."""


def _plain(value):
    return value.decode() if isinstance(value, bytes) else value


class RunFile:
    """One run: its attributes as a dict, and what is derived from its steps."""

    def __init__(self, path):
        self.path = str(path)
        try:
            self.file = h5py.File(path, "r")
        except OSError as error:
            raise RunFileError(f"{path}: cannot be opened as HDF5: {error}") from None
        self.attributes = {key: _plain(value) for key, value in self.file.attrs.items()}
        if self.attributes.get("schema") != SCHEMA or int(self.attributes.get("schema_version", -1)) != VERSION:
            raise RunFileError(f"{path}: not a {SCHEMA} file of version {VERSION}")

    def __getitem__(self, name):
        return self.attributes[name]

    @property
    def steps(self):
        """Completed steps, warm-up included."""
        return int(self["steps_completed"])

    def slowest_step_seconds(self):
        """Of every completed step after warm-up, the time of its slowest rank [s]."""
        times = self.file["timing/step_seconds"]
        first, end = int(self["warmup_steps"]), self.steps
        slabs = [times[i : min(i + SLAB, end), :].max(axis=1) for i in range(first, end, SLAB)]
        return np.concatenate(slabs) if slabs else np.empty(0)
