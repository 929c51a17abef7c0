#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Times `haloscope report` on a study of 100 runs of 64 ranks and 1,000 steps: seconds and the peak of its memory.

usage: bench_report.py [RUNS [RANKS [STEPS]]]   (100 64 1000)
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/postprocess"))

from made_up_run import write_run  # noqa: E402

NETWORKS, COUNTS = ("one", "two", "three", "four", "five"), 5


def make(folder, runs, ranks, steps):
    """Five networks, five numbers of ranks from the largest down, and repeats as many as make up the runs; every file is as
    large as one of the largest number of ranks, by more steps."""
    rng = np.random.default_rng(1)
    (folder / "runs").mkdir()
    entries = []
    for i in range(runs):
        network, count = NETWORKS[i % 5], max(1, ranks // 2 ** (i // 5 % COUNTS))
        times = 1e-3 / count ** 0.7 * (1 + i % 5) * rng.lognormal(0, 0.2, (steps * ranks // count, count))
        name = f"runs/{i:04d}.h5"
        write_run(folder / name, count, times, network=network, latency=1.0 + i % 5, seed=i)
        entries.append({"id": f"{i:04d}", "labels": {"network": network}, "ranks": count, "repeat": 1 + i // 25, "state": "done",
                        "file": name})
    manifest = {"schema": "haloscope-study", "schema_version": 1, "about": {"name": "bench"}, "case": "made_up",
                "scaling": "strong", "variables": [{"name": "network", "values": [{"label": name} for name in NETWORKS]}],
                "runs": entries}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def main(runs=100, ranks=64, steps=1000):
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as name:
        folder = Path(name)
        make(folder, runs, ranks, steps)
        size = sum(path.stat().st_size for path in (folder / "runs").iterdir())
        began = time.monotonic()
        subprocess.run([sys.executable, str(ROOT / "postprocess"), "report", name], check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - began
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2 ** 20
        page = (folder / "report.html").stat().st_size
        print(f"{runs} runs, {size / 2 ** 30:.2f} GiB: {seconds:.1f} s, at most {peak:.2f} GiB of memory, "
              f"page of {page / 1e6:.1f} MB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
