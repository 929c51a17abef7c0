# SPDX-License-Identifier: BSD-3-Clause
"""The live line. On a terminal it tells step, rate, median, share in MPI and time left, and is cleared at the end; a pipe gets
none. The line of a probe tells what is measured."""
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

from haloscope_program import CUBE, ProgramTest, launch, main, run

LINE = re.compile(r"\rstep \d+/\d+  [\d.e+]+ steps/s  median [\d.e+-]+ ms  MPI \d+ %  .+ left")

PROBE_LINE = re.compile(r"\rprobe: half round trip within a node  \d+ of 1 s")


def on_a_terminal(arguments, ranks, timeout=120):
    """Status and all that a terminal would have got on standard error; standard output goes to a pipe."""
    terminal, standard_error = pty.openpty()
    with subprocess.Popen(launch(arguments, ranks), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=standard_error) as job:
        os.close(standard_error)
        seen = b""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1.0)[0]:
                continue
            try:
                part = os.read(terminal, 65536)
            except OSError:  # the last writer is gone
                break
            if not part:
                break
            seen += part
        job.stdout.read()
        status = job.wait(timeout=timeout)
    os.close(terminal)
    return status, seen.decode(errors="replace")


class Progress(ProgramTest):
    def test_run(self):
        Path("cube.toml").write_text(CUBE)
        arguments = ["run", "cube.toml", "--steps", "5", "--force", "--output"]
        for ranks in (None, 2):
            what = "alone" if ranks is None else f"under mpirun on {ranks}"
            with self.subTest(what):
                status, seen = on_a_terminal([*arguments, f"terminal-{ranks}.h5"], ranks)
                self.assertEqual(status, 0, f"{what}: exit code ({seen!r})")
                self.assertRegex(seen, LINE, f"{what}: the live line in {seen!r}")
                self.assertIn("\r\x1b[K", seen[seen.rindex(" left"):], f"{what}: the line is cleared at the end of {seen!r}")
                status, _, err = run([*arguments, f"pipe-{ranks}.h5"], ranks)
                self.assertEqual(status, 0, f"{what}: exit code with a pipe ({err!r})")
                self.assertTrue(" steps/s " not in err and "\r" not in err, f"{what}: nothing on a pipe, found {err!r}")

    def test_probe(self):
        status, seen = on_a_terminal(["probe", "--seconds", "1"], 2)
        self.assertEqual(status, 0, f"probe: exit code ({seen!r})")
        self.assertRegex(seen, PROBE_LINE, f"probe: the live line in {seen!r}")
        self.assertTrue(seen.endswith("\r\x1b[K"), f"probe: the line is cleared at the end of {seen!r}")


if __name__ == "__main__":
    main()
