# SPDX-License-Identifier: BSD-3-Clause
"""The live line: on a terminal it tells step, rate, median, share in MPI and time left, then clears itself; a pipe sees none. A probe's
tells what is measured."""
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

from haloscope_program import CUBE, Checks, Folder, launch, run

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


def main():
    check = Checks()
    with Folder():
        Path("cube.toml").write_text(CUBE)
        arguments = ["run", "cube.toml", "--steps", "5", "--force", "--output"]
        for ranks in (None, 2):
            what = "alone" if ranks is None else f"under mpirun on {ranks}"
            status, seen = on_a_terminal([*arguments, f"terminal-{ranks}.h5"], ranks)
            check.equal(status, 0, f"{what}: exit code ({seen!r})")
            check(LINE.search(seen) is not None, f"{what}: the live line in {seen!r}")
            check("\r\x1b[K" in seen[seen.rindex(" left"):] if " left" in seen else False, f"{what}: the line is cleared at the end of {seen!r}")
            status, _, err = run([*arguments, f"pipe-{ranks}.h5"], ranks)
            check.equal(status, 0, f"{what}: exit code with a pipe ({err!r})")
            check(" steps/s " not in err and "\r" not in err, f"{what}: nothing on a pipe, found {err!r}")
        status, seen = on_a_terminal(["probe", "--seconds", "1"], 2)
        check.equal(status, 0, f"probe: exit code ({seen!r})")
        check(PROBE_LINE.search(seen) is not None, f"probe: the live line in {seen!r}")
        check(seen.endswith("\r\x1b[K"), f"probe: the line is cleared at the end of {seen!r}")
    check.end()


main()
