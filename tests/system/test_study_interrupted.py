# SPDX-License-Identifier: BSD-3-Clause
"""Studies that are killed and resumed, interrupted, hang, or find the disk full: what was measured stays, and --resume goes on."""
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from haloscope_program import PROGRAM, main, run
from tiny_study import STUDY, TinyStudyTest, manifest, states


def fake_mpirun(text):
    """A folder for PATH with an mpirun of our own, and the environment."""
    folder = Path("fake")
    folder.mkdir(exist_ok=True)
    (folder / "mpirun").write_text("#!/bin/bash\n" + text)
    (folder / "mpirun").chmod(0o755)
    return {**os.environ, "PATH": f"{folder.resolve()}:{os.environ['PATH']}", "REAL_MPIRUN": shutil.which("mpirun") or "mpirun"}


def start(arguments, **options):
    return subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class StudyInterrupted(TinyStudyTest):
    def test_kill_and_resume(self):
        """kill -9 of the study while a run works ends its launcher too; finished runs stay as they are, to the bit."""
        environment = fake_mpirun('if [ "$(ls k/runs/*.h5 2>/dev/null | wc -l)" -ge 5 ]; then echo $$ >hanging; exec sleep 60; fi\n'
                                  'exec "$REAL_MPIRUN" "$@"\n')
        with start(["study", "tiny.toml", "--output", "k"], env=environment) as job:
            end = time.monotonic() + 120
            while not Path("hanging").exists() and time.monotonic() < end:
                time.sleep(0.05)
            pid = int(Path("hanging").read_text())
            status, _, err = run(["study", "tiny.toml", "--output", "k", "--resume"])
            self.assertTrue(status == 2 and "k: another haloscope study works in it" in err,
                            f"a second study in one folder: {err!r}")
            job.kill()
            job.communicate(timeout=30)
        self.assertEqual(states("k"), ["done"] * 5 + ["running"] + ["planned"] * 6, "after kill -9")
        end = time.monotonic() + 30
        while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertTrue(not Path(f"/proc/{pid}").exists(), "the launcher goes with its study")
        kept = {entry["id"]: (Path("k") / entry["file"]).read_bytes() for entry in manifest("k")["runs"][:5]}
        victim = manifest("k")["runs"][1]
        (Path("k") / victim["file"]).write_bytes(kept[victim["id"]][:1000])  # a truncated file is not done
        status, _, err = run(["study", "tiny.toml", "--output", "k", "--resume"], timeout=300)
        self.assertEqual(status, 0, f"--resume: {err!r}")
        self.assertEqual(states("k"), ["done"] * 12, "after --resume")
        self.assertEqual(len(re.findall(r"\] done ", err)), 8, f"--resume does what was not done: {err!r}")
        for entry in manifest("k")["runs"][:5]:
            if entry["id"] != victim["id"]:
                self.assertEqual((Path("k") / entry["file"]).read_bytes(), kept[entry["id"]], f"{entry['id']} is as it was")
        self.assertEqual((Path("k") / f"{victim['file']}.attempt-1").stat().st_size, 1000, "what was there is kept aside")

    def test_hang(self):
        """A launcher that hangs, with a child in a group of its own that does not listen to SIGTERM."""
        Path("hang.toml").write_text(STUDY.replace("time_limit_s = 60", "time_limit_s = 1").replace("[1, 2, 4]", "[1]")
                                     .replace("repeats = 2", "repeats = 1"))
        environment = fake_mpirun("echo about to hang\ntrap '' TERM\n"
                                  "setsid bash -c \"trap '' TERM; echo \\$\\$ >>below; exec sleep 300\" &\n"
                                  "wait\nsleep 300\n")
        status, _, err = run(["study", "hang.toml", "--output", "hang"], env=environment, timeout=120)
        self.assertEqual(status, 4, f"a hang: {err!r}")
        for entry in manifest("hang")["runs"]:
            self.assertEqual((entry["state"], entry["reason"]), ("failed", "time limit of 1 s"), f"{entry['id']}")
            self.assertIn("about to hang", (Path("hang") / entry["log"]).read_text(), f"{entry['id']}: its log")
        below = Path("below").read_text().split()
        self.assertEqual(len(below), 2, "both runs had started something")
        self.assertTrue(not any(alive(pid) for pid in below), f"everything below is gone: {below}")

    def test_signal(self):
        environment = fake_mpirun("touch begun\nexec sleep 60\n")
        with start(["study", "tiny.toml", "--output", "stopped"], env=environment) as job:
            end = time.monotonic() + 60
            while not Path("begun").exists() and time.monotonic() < end:
                time.sleep(0.05)
            job.send_signal(signal.SIGINT)
            _, err = job.communicate(timeout=60)
        self.assertEqual(job.returncode, 4, f"SIGINT: {err!r}")
        self.assertIn("haloscope: stopped by SIGINT: 0 of 12 runs done, 1 failed or invalid, 11 not reached; --resume goes on", err)
        self.assertEqual(states("stopped"), ["failed"] + ["planned"] * 11, "after SIGINT")
        self.assertEqual(manifest("stopped")["runs"][0]["reason"], "stopped by SIGINT", "the reason")

    def test_full_disk(self):
        """On a file system of 6 MB that fills up the study ends with one line, and keeps all that was measured."""
        script = ("set -e\nmkdir small && mount -t tmpfs -o size=6m tmpfs small\n"
                  "set +e\n"
                  "\"$0\" study tiny.toml --output small/s 2>first; echo $? >status1; cp small/s/manifest.json before.json\n"
                  "head -c 100M /dev/zero >small/filler 2>/dev/null\n"
                  "\"$0\" study tiny.toml --output small/s --resume 2>second; echo $? >status2\n"
                  "cp small/s/manifest.json after.json\n"
                  "\"$0\" show small/s/runs/0001*.h5 >shown; echo $? >status3\n"
                  "rm small/filler; \"$0\" study tiny.toml --output small/s --resume 2>third; echo $? >status4\n")
        # The first study is interrupted by a launcher that gives up after four runs.
        environment = fake_mpirun('if [ -e small/s/manifest.json ] && [ ! -e small/filler ] && [ ! -e second ] && '
                                  '[ "$(ls small/s/runs/*.h5 2>/dev/null | wc -l)" -ge 4 ]; then exit 1; fi\n'
                                  'exec "$REAL_MPIRUN" "$@"\n')
        done = subprocess.run(["unshare", "--mount", "bash", "-c", script, PROGRAM], capture_output=True, text=True, check=False,
                              timeout=300,
                              env=environment)
        if not Path("status4").exists():
            self.skipTest(f"a full disk needs the right to mount one: {done.stderr.strip()!r}")
        self.assertEqual(Path("status2").read_text(), "3\n", f"a full disk: {Path('second').read_text()!r}")
        lines = Path("second").read_text().splitlines()
        self.assertTrue("make room, then --resume" in lines[-1] and lines[-1].startswith("haloscope: "), f"the line: {lines}")
        before, after = json.loads(Path("before.json").read_text()), json.loads(Path("after.json").read_text())
        finished = [entry["id"] for entry in before["runs"] if entry["state"] == "done"]
        self.assertEqual(len(finished), 4, "done before")
        self.assertEqual([entry["id"] for entry in after["runs"] if entry["state"] == "done"], finished, "still done after")
        self.assertEqual(Path("status3").read_text(), "0\n", "a run from before is read")
        self.assertEqual(Path("status4").read_text(), "0\n", f"with room again: {Path('third').read_text()!r}")


if __name__ == "__main__":
    main()
