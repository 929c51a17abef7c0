# SPDX-License-Identifier: BSD-3-Clause
"""What the measurements of this folder share: where they run and with what, how programs are started, how a target is judged."""
import datetime
import os
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class Skip(Exception):
    """What is asked for cannot be measured here; says why."""


class Report:
    """Prints the table, to a file as well; remembers whether a target was missed."""

    def __init__(self, output, judge):
        self.file = open(output, "w", encoding="utf-8") if output else None
        self.judge = judge
        self.missed = False

    def line(self, text=""):
        print(text, flush=True)
        if self.file:
            print(text, file=self.file, flush=True)

    def target(self, what, holds, rule):
        """A value that was just printed, beside what was asked of it."""
        verdict = "not judged" if not self.judge else "met" if holds else "MISSED"
        self.line(f"target    {what}: {rule}: {verdict}")
        self.missed |= self.judge and not holds

    def head(self, build):
        command = " ".join(map(shlex.quote, [os.path.relpath(sys.argv[0], ROOT), *sys.argv[1:]]))
        version = subprocess.run([build / "haloscope", "--version"], capture_output=True, text=True, check=False).stdout.strip()
        self.line(f"command   {command}")
        self.line(f"date      {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC")
        self.line(f"code      {version.splitlines()[0] if version else 'unknown'}, commit {commit()}")
        self.line(f"machine   {machine()}")
        self.line(f"load      {os.getloadavg()[0]:.2f} (one-minute average before the run; above 0.5 something else was running)")


def commit():
    said = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
                          capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def machine():
    facts = {}
    for path, wanted in (("/proc/cpuinfo", ("model name", "cpu family", "model")), ("/proc/meminfo", ("MemTotal",))):
        for text in Path(path).read_text(encoding="utf-8").splitlines():
            key, _, value = text.partition(":")
            if key.strip() in wanted:
                facts.setdefault(key.strip(), value.strip())
    memory = int(facts.get("MemTotal", "0 kB").split()[0]) / 2**20
    return (f"{facts.get('model name', 'unknown')} (family {facts.get('cpu family', '?')}, model {facts.get('model', '?')}), "
            f"{os.cpu_count()} cores, {memory:.0f} GiB")


def spread(values, digits=2):
    """median (least - most)"""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} - {max(values):.{digits}f})"


def environment(**more):
    base = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**base, **{name: str(value) for name, value in more.items()}}


def launch(ranks, command, bound=True, **variables):
    """Under mpirun to its end: (what it printed, its wall time). Bound to a core each, or taking turns on all of them."""
    place = ["--bind-to", "core"] if bound else ["--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
    begin = datetime.datetime.now()
    done = subprocess.run(["mpirun", *place, "-n", str(ranks), *map(str, command)], capture_output=True, text=True,
                          check=False, env=environment(**variables))
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout, (datetime.datetime.now() - begin).total_seconds()


def rows(text):
    """Lines of numbers, as columns."""
    return list(zip(*[[float(word) for word in line.split()] for line in text.splitlines()]))
