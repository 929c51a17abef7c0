# SPDX-License-Identifier: BSD-3-Clause
"""Studies with the real program. They run as a user would run them, name the runs that fail, refuse a folder of somebody else,
and every shipped study is planned with --dry-run."""
import csv
import os
import re
import subprocess
import time
from pathlib import Path

import h5py

from haloscope_program import PROGRAM, SOURCE, SWEEP, main, run
from tiny_study import NETWORKS, SMALL, STUDY, TinyStudyTest, manifest


def steps_of(path):
    with h5py.File(path) as file:
        return file["timing/step_seconds"][:].tolist()


PROGRAMS = """
[about]
name = "programs"
question = "Which of them does a network hurt?"
[run]
ranks = [1, 2, 4]
repeats = 1
time_limit_s = 60
[[variable]]
name = "program"
values = [
  {label = "solver", case = "cube.toml", set = ["run.steps=12"]},
  {label = "halo", case = "sweep.toml", scaling = "weak"},
]
""" + NETWORKS


class Study(TinyStudyTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        begin = time.monotonic()
        cls.whole = run(["study", "tiny.toml", "--output", "whole"], timeout=300)
        cls.elapsed = time.monotonic() - begin

    def test_whole(self):
        status, out, err = self.whole
        self.assertEqual(status, 0, f"a study: {err!r}")
        self.assertEqual(out, f"{Path('whole').resolve()}\n", "standard output is the folder")
        self.assertEqual(len(re.findall(r"^\[ ?\d+/12\] done ", err, re.M)), 12, f"a line a run in {err!r}")
        whole = manifest("whole")
        self.assertEqual((whole["schema"], whole["schema_version"], whole["clock"], whole["launcher"]),
                         ("haloscope-study", 1, "virtual", "local"),
                         "the manifest's head")
        self.assertEqual([value["label"] for value in whole["variables"][0]["values"]], ["fast", "slow"], "its variable")
        self.assertEqual(whole["variables"][0]["values"][0]["set_network"], {"between_nodes.half_round_trip_us": 2},
                         "settings as JSON")
        self.assertEqual(Path("whole/study.toml").read_text(), STUDY, "the study's copy")
        seen = {(entry["labels"]["network"], entry["ranks"], entry["repeat"]) for entry in whole["runs"]}
        self.assertEqual(seen, {(label, ranks, repeat) for label in ("fast", "slow") for ranks in (1, 2, 4) for repeat in (1, 2)},
                         "the runs")
        for entry in whole["runs"]:
            self.assertEqual((entry["state"], entry["reason"], entry["attempt"]), ("done", "", 1), entry["id"])
            self.assertTrue(entry["seconds"] > 0 and entry["hosts"] == [os.uname().nodename] and entry["started_utc"].endswith("Z"),
                            f"{entry}")
            self.assertIn("mpirun", entry["command"], f"the command {entry['command']}")
            self.assertIn(os.path.realpath(PROGRAM), map(os.path.realpath, entry["command"]), f"the command {entry['command']}")
            with h5py.File(Path("whole") / entry["file"]) as file:
                self.assertEqual((int(file.attrs["valid"]), int(file.attrs["ranks"]), int(file.attrs["seed"])),
                                 (1, entry["ranks"], entry["repeat"]), f"{entry['id']}: its file")
                self.assertEqual(int(file.attrs["steps_completed"]), 4, f"{entry['id']}: steps")
            self.assertTrue((Path("whole") / entry["log"]).read_text().startswith("$ env "),
                            f"{entry['id']}: the log begins with the command")
        # What the two networks are shows in what was measured: 8 µs a message apart.
        times = {entry["labels"]["network"]: steps_of(Path("whole") / entry["file"])[-1][0] for entry in whole["runs"]
                 if entry["ranks"] == 4 and entry["repeat"] == 1}
        self.assertTrue(times["slow"] > times["fast"], f"the slow network is slower: {times}")
        # The command of a run, done again by hand, gives the same bits.
        entry = next(entry for entry in whole["runs"] if entry["ranks"] == 4)
        command = [word.replace(str(Path("whole").resolve() / entry["file"]), "again.h5") for word in entry["command"]]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, f"the command by hand: {done.stderr!r}")
        self.assertEqual(steps_of("again.h5"), steps_of(Path("whole") / entry["file"]), "the command by hand repeats the run")
        # What a study adds to its runs, printed and not judged: the machine may be busy.
        spent = sum(entry["seconds"] for entry in whole["runs"])
        self.assertTrue(0 < spent <= self.elapsed, f"the runs took {spent} s of {self.elapsed} s")
        print(f"overhead: {(self.elapsed - spent) / 12:.3f} s a run over 12 runs, of {spent / 12:.2f} s each")

    def test_programs(self):
        """Two cases in one study: planned, run, resumed, and on the same axes of a report."""
        Path("sweep.toml").write_text(SWEEP)
        Path("programs.toml").write_text(PROGRAMS)
        status, out, err = run(["study", "programs.toml", "--dry-run"])
        self.assertEqual((status, err), (0, ""), "two programs: --dry-run")
        for line in ("case         cube.toml, strong scaling\n", "case         sweep.toml, weak scaling\n",
                     ": 4 series x 3 rank counts x 1 repeats",
                     "solver, fast"):
            self.assertIn(line, out, f"two programs: {line!r} in {out!r}")
        self.assertEqual(len(re.findall(r"^solver, (?:fast|slow) +[124]  8x8x8 |^halo, (?:fast|slow) +[124]  - ", out, re.M)), 12,
                         f"the matrix: {out!r}")
        status, _, err = run(["study", "programs.toml", "--output", "programs"], timeout=300)
        self.assertEqual(status, 0, f"two programs: {err!r}")
        whole = manifest("programs")
        self.assertEqual((whole["case"], whole["scaling"]), ("cube.toml, sweep.toml", "mixed"), "the manifest's head")
        self.assertEqual([value["case"] for value in whole["variables"][0]["values"]], ["cube.toml", "sweep.toml"],
                         "its first variable")
        for entry in whole["runs"]:
            solver = entry["labels"]["program"] == "solver"
            self.assertEqual((entry["case"], entry["scaling"]), ("cube.toml", "strong") if solver else ("sweep.toml", "weak"),
                             entry["id"])
            with h5py.File(Path("programs") / entry["file"]) as file:
                self.assertEqual((file.attrs["case_name"], int(file.attrs["steps_completed"])),
                                 ("cube", 12) if solver else ("sweep", 8), entry["id"])
        status, _, err = run(["study", "programs.toml", "--output", "programs", "--resume"])
        self.assertEqual((status, "[" in err), (0, False), f"resuming what is done does nothing: {err!r}")
        Path("swapped.toml").write_text(PROGRAMS.replace('"slow"', '"slower"'))
        self.assertEqual(run(["study", "swapped.toml", "--output", "programs", "--resume"])[0], 2,
                         "another study of the same cases")

        status, _, err = run(["report", "programs"], timeout=300)
        self.assertEqual(status, 0, f"the report of two programs: {err!r}")
        self.assertTrue(Path("programs/figures/programs.png").exists(), "all programs on the same axes")
        with open("programs/efficiency.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual({(row["case"], row["scaling"], row["series"]) for row in rows},
                         {(case, scaling, f"{program} / {network}") for case, scaling, program in
                          (("cube.toml", "strong", "solver"), ("sweep.toml", "weak", "halo")) for network in ("fast", "slow")},
                         "efficiency.csv")
        # Against itself on one rank: the times over each other, and for the strong one over the ranks, too.
        for row in rows:
            base = next(one for one in rows if one["series"] == row["series"] and one["ranks"] == "1")
            ideal = float(base["step_seconds_median"]) / (int(row["ranks"]) if row["scaling"] == "strong" else 1)
            self.assertTrue(abs(float(row["efficiency"]) * float(row["step_seconds_median"]) / ideal - 1) < 1e-4,
                            f"efficiency: {row}")

    def test_refusals(self):
        before = Path("whole/manifest.json").read_bytes()
        Path("other.toml").write_text(STUDY.replace("ranks = [1, 2, 4]", "ranks = [1, 2]"))
        Path("foreign").mkdir()
        Path("foreign/notes.txt").write_text("mine")
        Path("damaged").mkdir()
        Path("damaged/manifest.json").write_text("{")
        for arguments, line in ((["tiny.toml", "--output", "whole"], "haloscope: whole: holds a study; --resume goes on with it"),
                                (["other.toml", "--output", "whole", "--resume"], "haloscope: whole: holds another study "),
                                (["tiny.toml", "--output", "foreign"],
                                 "haloscope: foreign: exists and is not empty; give a new folder"),
                                (["tiny.toml", "--output", "foreign", "--resume"], "haloscope: foreign: holds no study to resume"),
                                (["tiny.toml", "--output", "damaged", "--resume"], "haloscope: "),
                                (["tiny.toml", "--output", "/proc/no"], "haloscope: /proc/no: cannot be made: "),
                                (["tiny.toml"], "haloscope: --output: missing"),
                                (["no.toml", "--output", "x"], "haloscope: no.toml: cannot be opened"),
                                (["tiny.toml", "--output", "x", "--launcher", "pbs"],
                                 "haloscope: --launcher: pbs: must be local or slurm"),
                                (["tiny.toml", "--output", "x", "--site", "mine"], "haloscope: --site: needs --launcher slurm"),
                                (["tiny.toml", "--output", "x", "--submit-only"],
                                 "haloscope: --submit-only: needs --launcher slurm"),
                                (["tiny.toml", "--dry-run", "--launcher", "slurm", "--site", "mine"],
                                 "haloscope: --site: mine: no such")):
            with self.subTest(arguments):
                status, out, err = run(["study", *arguments])
                self.assertEqual((status, out, len(err.splitlines())), (2, "", 1), f"{arguments}: {err!r}")
                self.assertTrue(err.startswith(line), f"{arguments}: {err!r}")
        Path("empty").mkdir()
        status, _, err = run(["study", "tiny.toml", "--output", "x"], env={**os.environ, "PATH": str(Path("empty").resolve())})
        self.assertEqual((status, err), (2, "haloscope: mpirun: command not found: --launcher local needs it\n"), "no mpirun here")
        self.assertTrue(not Path("x").exists(), "a refusal makes no folder")
        self.assertEqual(Path("whole/manifest.json").read_bytes(), before, "a refusal changes nothing")
        self.assertEqual(sorted(os.listdir("foreign")), ["notes.txt"], "a foreign folder is left alone")

        status, _, err = run(["study", "tiny.toml", "--output", "whole", "--resume"])
        self.assertEqual(status, 0, f"resuming what is done: {err!r}")
        self.assertNotIn("[", err, f"resuming what is done does nothing: {err!r}")
        Path("native.toml").write_text(STUDY.split("[[variable]]")[0].replace("[1, 2, 4]", "[4096]"))
        self.addCleanup(Path("cube.toml").write_text, SMALL)
        Path("cube.toml").write_text(SMALL.replace("[8, 8, 8]", "[64, 64, 64]"))
        status, _, err = run(["study", "native.toml", "--output", "x"])
        self.assertEqual(status, 2, f"a study that this machine cannot do: {err!r}")
        self.assertTrue("no run can be done here: needs 4096 cores" in err and not Path("x").exists(), f"says so: {err!r}")

    def test_failures(self):
        """A crash, a mistake that only the run finds, and a result that is not valid: the study goes on and names them."""
        once = STUDY.split("[[variable]]")[0].replace("[1, 2, 4]", "[1]").replace("repeats = 2", "repeats = 1")
        Path("bad.toml").write_text(once + """
network = "steady.toml"
[[variable]]
name = "method"
values = [
  {label = "good"},
  {label = "unknown to PETSc", set = ["poisson.krylov=nosuchmethod"]},
  {label = "wrong", set = ['expect=[{quantity="solution_error_max",value=7.0,tolerance=0.1,source="nobody"}]']},
]
""")
        status, _, err = run(["study", "bad.toml", "--output", "bad"], timeout=120)
        self.assertEqual(status, 4, f"failed runs: {err!r}")
        by_label = {entry["labels"]["method"]: entry for entry in manifest("bad")["runs"]}
        self.assertEqual({label: entry["state"] for label, entry in by_label.items()},
                         {"good": "done", "unknown to PETSc": "failed", "wrong": "invalid"}, "states")
        self.assertIn("nosuchmethod", by_label["unknown to PETSc"]["reason"],
                      f"why it failed: {by_label['unknown to PETSc']['reason']!r}")
        self.assertTrue(by_label["wrong"]["reason"].startswith("solution_error_max: "),
                        f"why it is invalid: {by_label['wrong']['reason']!r}")
        self.assertIn("1 of 3 runs done, 2 failed or invalid; --resume goes on", err, f"the end: {err!r}")
        for label in ("unknown to PETSc", "wrong"):
            self.assertTrue(re.search(rf"^haloscope: {by_label[label]['id']}: {by_label[label]['state']}: ", err, re.M) is not None,
                            f"{label} is named")
        good = (Path("bad") / by_label["good"]["file"]).read_bytes()
        wrong = (Path("bad") / by_label["wrong"]["file"]).read_bytes()
        status, _, err = run(["study", "bad.toml", "--output", "bad", "--resume"], timeout=120)
        self.assertEqual(status, 4, f"failed again: {err!r}")
        self.assertEqual((Path("bad") / by_label["good"]["file"]).read_bytes(), good, "what is done is not redone")
        self.assertEqual((Path("bad") / f"{by_label['wrong']['file']}.attempt-1").read_bytes(), wrong,
                         "an invalid file is kept aside")
        self.assertEqual({entry["labels"]["method"]: entry["attempt"] for entry in manifest("bad")["runs"]},
                         {"good": 1, "unknown to PETSc": 2, "wrong": 2}, "attempts")

    def test_dry_runs(self):
        for path in sorted((SOURCE / "cases/studies").glob("*.toml")):
            with self.subTest(path.name):
                status, out, err = run(["study", path.stem, "--dry-run"])
                self.assertEqual((status, err), (0, ""), f"{path.name}: --dry-run")
                self.assertTrue("question     " in out and out.count("?") > 0, f"{path.name}: its question")
                for word in ("core-hours   about ", "wall time    about ", "first run    haloscope run "):
                    self.assertIn(word, out, f"{path.name}: {word!r} in {out!r}")
                status, out, err = run(["study", path.stem, "--dry-run", "--launcher", "slurm", "--site", "example"])
                self.assertEqual((status, err), (0, ""), f"{path.name}: --dry-run for Slurm")
                self.assertTrue("node-hours   about " in out and "wall time" not in out, f"{path.name}: node-hours")
        status, out, _ = run(["study", "tiny.toml", "--dry-run"])
        self.assertIn("core-hours   at most 0.467, every run taking its whole run.time_limit_s", out,
                      f"from the time limit: {out!r}")
        self.assertEqual(len(re.findall(r"^(?:fast|slow) +[124]  8x8x8 ", out, re.M)), 6, f"the matrix: {out!r}")
        self.assertTrue(not Path("haloscope-study").exists(), "a dry run makes nothing")


if __name__ == "__main__":
    main()
