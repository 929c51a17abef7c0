#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Kills runs with SIGKILL and looks at what they left.

Every file must open with h5py and h5dump, hold every step that the run said was flushed, be NaN beyond what it can have
reached, and say valid = 0. Files are also read while they are written: until they are finished, only rows and one number of
them change.
"""
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import h5py
import numpy as np

from haloscope_program import LAUNCH, PROGRAM, ProgramTest, main

DRIVER = str(Path(PROGRAM).parent / "tests/record_driver")
RANKS = 2
STEPS = 5000
REALS = ("step_seconds", "step_start_seconds", "phase_seconds", "point_to_point_seconds", "collective_seconds")
INTEGERS = ("messages", "bytes", "collectives")


def launch(*arguments, ranks=RANKS):
    return subprocess.Popen([*LAUNCH, "-n", str(ranks), DRIVER, *map(str, arguments)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, start_new_session=True,
                            env=os.environ | {"OMPI_MCA_odls_base_sigkill_timeout": "0"})


def ranks_of(job):
    """Processes of the driver below the launcher."""
    found, parents = [], {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as stat:
                name, rest = stat.read().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        parents[int(entry)] = int(rest.split()[1])
        if name == os.path.basename(DRIVER)[:15]:
            found.append(int(entry))

    def below(pid):
        while pid in parents and pid != job.pid:
            pid = parents[pid]
        return pid == job.pid

    return [pid for pid in found if below(pid)]


def read_all(path):
    """Reads every attribute and value, as a stranger would."""
    with h5py.File(path, "r") as run:
        def visit(_, item):
            dict(item.attrs)
            if isinstance(item, h5py.Dataset):
                item[()]
        run.visititems(visit)
        return {"attributes": dict(run.attrs), "expect": len(run["expect"]), "profiles": sorted(run["profiles"])}


def dump(path):
    done = subprocess.run(["h5dump", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, f"h5dump {path}: {done.stderr}"


def check_left(path, flushed, reachable):
    """@p flushed steps are whole and exact, and no step is there from @p reachable on."""
    dump(path)
    seen = read_all(path)
    attributes = seen["attributes"]
    assert attributes["valid"] == 0, attributes["valid"]
    assert list(attributes["invalid_reasons"]) == ["the run did not finish"]
    assert seen["expect"] == 0 and seen["profiles"] == []
    completed = int(attributes["steps_completed"])
    assert flushed <= completed <= reachable, (flushed, completed, reachable)
    with h5py.File(path, "r") as run:
        timing = {name: run["timing"][name][()] for name in (*REALS, *INTEGERS)}
        iterations = run["solver/iterations"][()]
    step, rank = np.arange(completed)[:, None], np.arange(RANKS)[None, :]
    assert (timing["step_seconds"][:completed] == 1 + step + 0.25 * rank).all()
    assert np.isfinite(timing["step_start_seconds"][:completed]).all()
    assert (timing["phase_seconds"][:completed] == ((1 + step + 0.25 * rank) / 9)[:, :, None]).all()
    assert (timing["messages"][:completed] == step[:, :, None]).all()
    assert (timing["bytes"][:completed] == (step + rank)[:, :, None]).all()
    assert (iterations[:completed] == np.arange(completed)).all()
    whole = np.isfinite(timing["step_seconds"]).all(axis=1)
    assert (timing["messages"][whole] >= 0).all(), "a step with all its times lacks its counts"
    for name in REALS:
        assert np.isnan(timing[name][reachable:]).all(), name
    for name in INTEGERS:
        assert (timing[name][reachable:] == -1).all(), name
    assert np.isnan(iterations[reachable:]).all()
    return completed


def kill(job, chance):
    pids = ranks_of(job)
    if pids:
        os.kill(chance.choice(pids), signal.SIGKILL)
    return bool(pids)


def lines_until_killed(job, chance, after):
    """What rank 0 said; one rank is killed @p after seconds past the creation."""
    said = [job.stdout.readline().strip()]
    assert said == ["created"], said + [job.stderr.read()]
    time.sleep(after)
    killed = kill(job, chance)
    out, _ = job.communicate(timeout=60)
    return said + out.split("\n"), killed


def flushed_of(lines):
    return max([int(line.split()[1]) for line in lines if line.startswith("flushed ")], default=0)


def structure_of(path, rows):
    """All bytes of the file but those of the rows."""
    with open(path, "rb") as file:
        data = np.frombuffer(file.read(), dtype=np.uint8).copy()
    for offset, size in rows:
        data[offset:offset + size] = 0
    return data


class RecordCrash(ProgramTest):
    def test_kills(self):
        chance = random.Random(20240229)
        total, kills = 0, 0
        for seed in range(12):
            path = f"{self.folder}/killed-{seed}.h5"
            job = launch("steps", path, STEPS, 500, seed)
            said, killed = lines_until_killed(job, chance, chance.uniform(0, 0.8))
            assert killed and "finished" not in said and job.returncode != 0
            kills += 1
            total += check_left(path, flushed_of(said), STEPS - 1)
            os.unlink(path)
        print(f"{kills} kills left {total} whole steps")
        assert total > 0

    def test_kill_while_creating(self):
        path = f"{self.folder}/early.h5"
        chance = random.Random(7)
        for attempt in range(3):
            if os.path.exists(path + ".part"):
                os.unlink(path + ".part")
            job = launch("steps", path, 400000, 100, 1)
            deadline = time.monotonic() + 30
            while not os.path.exists(path + ".part") and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.1))
            assert kill(job, chance), attempt
            job.communicate(timeout=60)
            if os.path.exists(path):
                with h5py.File(path, "r") as run:
                    assert run.attrs["valid"] == 0
                os.unlink(path)
        with open(path + ".part", "w", encoding="ascii") as file:
            file.write("left by a run that was killed")
        job = launch("steps", path, 10, 100, 1)  # over what was left
        out, error = job.communicate(timeout=60)
        assert job.returncode == 0 and "finished" in out, error
        assert not os.path.exists(path + ".part")

    def test_reading_while_writing(self):
        path = f"{self.folder}/live.h5"
        job = launch("steps", path, 5000, 500, 3)
        assert job.stdout.readline().strip() == "created"
        with h5py.File(path, "r") as run:
            rows = [(run[group][name].id.get_offset(), run[group][name].id.get_storage_size())
                    for group in ("timing", "solver") for name in run[group]]
        first = structure_of(path, rows)
        seen = []
        for _ in range(8):
            time.sleep(0.1)
            now = structure_of(path, rows)
            with h5py.File(path, "r") as run:
                if run.attrs["valid"] == 1:
                    break
            assert len(now) == len(first)
            changed = np.flatnonzero(now != first)
            assert len(changed) == 0 or changed[-1] - changed[0] < 8, "more than steps_completed has changed"
            with h5py.File(path, "r") as run:
                seen.append(int(run.attrs["steps_completed"]))
                assert np.isfinite(run["timing/step_seconds"][:seen[-1]]).all()
        out, error = job.communicate(timeout=60)
        assert job.returncode == 0 and "finished" in out, error
        assert seen == sorted(seen) and 0 < seen[-1] and seen[0] < seen[-1], seen
        with h5py.File(path, "r") as run:
            assert run.attrs["valid"] == 1 and run.attrs["steps_completed"] == 5000

    def test_finish(self):
        """The file as it was before every single write of finish(), and where a signal could have torn one."""
        path, copies = f"{self.folder}/finish.h5", f"{self.folder}/copies"
        os.mkdir(copies)
        job = launch("snapshots", path, copies, ranks=1)
        _, error = job.communicate(timeout=60)
        assert job.returncode == 0, error
        names = sorted(os.listdir(copies))
        assert len(names) > 10, names
        for name in names:
            copy = f"{copies}/{name}"
            dump(copy)
            seen = read_all(copy)
            attributes = seen["attributes"]
            assert attributes["valid"] == 0 and seen["expect"] == 0 and seen["profiles"] == [], name
            assert attributes["steps_completed"] == 10, name
            with h5py.File(copy, "r") as run:
                assert (run["timing/step_seconds"][:10, 0] == 1 + np.arange(10)).all()
        dump(path)
        seen = read_all(path)
        assert seen["attributes"]["valid"] == 1 and seen["expect"] == 7 and seen["profiles"] == ["u", "v"]
        assert list(seen["attributes"]["invalid_reasons"]) == []
        alone = subprocess.run([DRIVER, "read", path], stdout=subprocess.PIPE, text=True, check=True)
        assert alone.stdout == "steps 10\n", alone.stdout
        print(f"{len(names)} states of the file during finish() open")

    def test_kill_around_finish(self):
        chance = random.Random(11)
        for seed in range(4):
            path = f"{self.folder}/around-{seed}.h5"
            job = launch("steps", path, 60, 100, seed)
            while job.stdout.readline().strip() not in ("finishing", ""):
                pass
            time.sleep(chance.uniform(0, 0.004))
            kill(job, chance)
            job.communicate(timeout=60)
            dump(path)
            seen = read_all(path)
            assert seen["attributes"]["valid"] in (0, 1)
            assert (seen["attributes"]["valid"] == 1) == (seen["expect"] == 7) == (seen["profiles"] == ["u", "v"])

    def test_disk_full(self):
        path = f"{self.folder}/full.h5"
        job = launch("disk-full", path, STEPS)
        out, error = job.communicate(timeout=60)
        assert job.returncode == 3, (job.returncode, error)
        assert f"{path}: cannot be written: " in error and "MiB free there" in error, error
        assert flushed_of(out.split("\n")) == 30, out
        assert check_left(path, 30, 40) == 30


if __name__ == "__main__":
    main()
