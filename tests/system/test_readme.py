# SPDX-License-Identifier: BSD-3-Clause
"""README's commands do what it says. Above every ```sh block stands either <!-- test -->, <!-- test exit 2 --> or
<!-- not tested: why -->; the tested ones are run, word for word."""
import os
import re
import subprocess
from pathlib import Path

from haloscope_program import PROGRAM, SOURCE, ProgramTest, main

# A block of commands, and the line above it that says whether it is tested.
BLOCK = re.compile(r"<!-- (test(?: exit (\d+))?|not tested: .+?) -->\n+```sh\n(.*?)```", re.DOTALL)


class Readme(ProgramTest):
    def test_commands(self):
        readme = (SOURCE / "README.md").read_text()
        blocks = BLOCK.findall(readme)
        self.assertEqual(len(blocks), readme.count("```sh\n"), "every ```sh block of README says whether it is tested")
        self.assertEqual(readme.count("<!-- test"), sum(marker.startswith("test") for marker, _, _ in blocks),
                         "every marker stands above a block")
        Path("cases").symlink_to(SOURCE / "cases")
        environment = {**os.environ, "PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}", "OMPI_MCA_mpi_yield_when_idle": "1",
                       "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none"}
        for marker, status, commands in blocks:
            if marker.startswith("not tested"):
                continue
            with self.subTest(commands):
                done = subprocess.run(["bash", "-eu", "-c", commands], capture_output=True, text=True, check=False, timeout=240,
                                      env=environment)
                self.assertEqual(done.returncode, int(status or 0), f"README: {commands!r} said {done.stdout!r} {done.stderr!r}")


if __name__ == "__main__":
    main()
