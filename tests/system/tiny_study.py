# SPDX-License-Identifier: BSD-3-Clause
"""A study of twelve runs of well under a second each, for the tests of studies, and what its folder says of them."""
import json
from pathlib import Path

from haloscope_program import CUBE, STEADY, ProgramTest

SMALL = CUBE.replace("[16, 16, 16]", "[8, 8, 8]").replace("steps = 5", "steps = 4")

NETWORKS = """[[variable]]
name = "network"
values = [
  {label = "fast", network = "steady.toml", set_network = ["between_nodes.half_round_trip_us=2"]},
  {label = "slow", network = "steady.toml"},
]
"""

STUDY = """
[about]
name = "tiny"
question = "Does it work?"
[run]
case = "cube.toml"
ranks = [1, 2, 4]
repeats = 2
steps = 4
warmup_steps = 1
time_limit_s = 60
""" + NETWORKS


def manifest(folder):
    return json.loads((Path(folder) / "manifest.json").read_text())


def states(folder):
    return [entry["state"] for entry in manifest(folder)["runs"]]


class TinyStudyTest(ProgramTest):
    """Tests whose folder holds the study, its case and its network."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Path("cube.toml").write_text(SMALL)
        Path("steady.toml").write_text(STEADY)
        Path("tiny.toml").write_text(STUDY)
