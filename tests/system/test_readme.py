# SPDX-License-Identifier: BSD-3-Clause
"""README's commands do what it says: runs every ```sh block that a line <!-- test --> stands above, with README's words."""
import os
import re
import subprocess
from pathlib import Path

from haloscope_program import PROGRAM, SOURCE, Checks, Folder

BLOCK = re.compile(r"<!-- test(?: exit (\d+))? -->\n+```sh\n(.*?)```", re.DOTALL)


def main():
    check = Checks()
    readme = (SOURCE / "README.md").read_text()
    blocks = BLOCK.findall(readme)
    check.equal(len(blocks), 6, "blocks of README with a marker; a lost marker would leave a command untested")
    with Folder():
        Path("cases").symlink_to(SOURCE / "cases")
        environment = {**os.environ, "PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}", "OMPI_MCA_rmaps_base_oversubscribe": "1",
                       "OMPI_MCA_hwloc_base_binding_policy": "none", "OMPI_MCA_mpi_yield_when_idle": "1"}
        for status, commands in blocks:
            done = subprocess.run(["bash", "-eu", "-c", commands], capture_output=True, text=True, check=False, timeout=240,
                                  env=environment)
            check.equal(done.returncode, int(status or 0), f"README: {commands!r} said {done.stdout!r} {done.stderr!r}")
    check.end()


main()
