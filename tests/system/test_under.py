# SPDX-License-Identifier: BSD-3-Clause
"""`haloscope under` tells every mistake in one line before anything starts. The command runs as it stands, and gets the
environment that the interconnect library needs, also on other hosts."""
import os
import re
import subprocess
from pathlib import Path

from haloscope_program import MPIEXEC, PROGRAM, STEADY, ProgramTest, main, run

NETWORK = ["under", "--network", "steady.toml"]
# What is wrong, the arguments, and a pattern that the line must hold.
MISTAKES = [
    ("nothing asked for", ["under", "--", "true"], r"--network PROFILE, or --record"),
    ("nothing to run", NETWORK, r"nothing to run"),
    ("nothing after the dashes", [*NETWORK, "--"], r"nothing to run"),
    ("no dashes", [*NETWORK, "true"], r"true.*haloscope under --help"),
    ("an unknown flag", [*NETWORK, "--warp", "--", "true"], r"--warp.*haloscope under --help"),
    ("no such command", [*NETWORK, "--", "no-such-mpirun"], r"no-such-mpirun: command not found"),
    ("a command that is a text", [*NETWORK, "--", "./steady.toml"], r"steady\.toml: command not found"),
    ("no such profile", ["under", "--network", "no-such-network", "--", "true"], r"no-such-network: "),
    ("no such profile file", ["under", "--network", "nowhere/x.toml", "--", "true"], r"nowhere/x\.toml: "),
    ("a profile with a mistake", ["under", "--network", "wrong.toml", "--", "true"], r"wrong\.toml:.*gap_us: -0\.5"),
    ("an override with a mistake", [*NETWORK, "--set-network", "between_nodes.gap_us=-1", "--", "true"], r"gap_us: -1"),
    ("an override of an unknown key", [*NETWORK, "--set-network", "between_nodes.gap=1", "--", "true"], r"between_nodes\.gap"),
    ("an override in two lines", [*NETWORK, "--set-network", "a=1\nb=2", "--", "true"], r"--set-network: a=1: must be one line"),
    ("an unknown clock", [*NETWORK, "--clock", "sun", "--", "true"], r"--clock: sun: must be virtual or real"),
    ("no ranks a node", [*NETWORK, "--ranks-per-node", "0", "--", "true"], r"--ranks-per-node: 0: .*from 1"),
    ("half a rank a node", [*NETWORK, "--ranks-per-node", "1.5", "--", "true"], r"--ranks-per-node: 1\.5: "),
    ("a negative seed", [*NETWORK, "--seed=-1", "--", "true"], r"--seed: -1: .*from 0"),
    ("an unknown ingredient", [*NETWORK, "--without", "jitter,love", "--", "true"],
     r"--without: love: must be of latency, bandwidth"),
    ("an unknown compute mode", [*NETWORK, "--compute", "model", "--", "true"], r"--compute: model: must be cpu or announced"),
    ("announced computing in real time", [*NETWORK, "--clock", "real", "--compute", "announced", "--", "true"],
     r"--compute: announced: needs --clock virtual"),
    ("posix clocks in real time", [*NETWORK, "--clock", "real", "--posix-clocks", "--", "true"], r"--posix-clocks: .*virtual"),
    ("a seed without a network", ["under", "--record", "r.h5", "--seed", "1", "--", "true"], r"--seed: needs --network"),
    ("a record that exists", [*NETWORK, "--record", "there.h5", "--", "true"], r"there\.h5: exists; --force"),
    ("a record that is a folder", [*NETWORK, "--record", ".", "--force", "--", "true"], r": is a folder"),
    ("a record in no folder", [*NETWORK, "--record", "nowhere/r.h5", "--", "true"], r"nowhere: no such folder"),
    ("force without a record", [*NETWORK, "--force", "--", "true"], r"--force: needs --record"),
    ("another preload", [*NETWORK, "--", "env", "LD_PRELOAD=", "true"], r"LD_PRELOAD=: takes the interconnect library away"),
    ("srun without the environment", [*NETWORK, "--", "env", "--export=NONE"], r"--export=NONE: "),
]


def environment_of(arguments, **variables):
    """What the command would see, and what was said on standard error."""
    status, out, err = run([*arguments, "--", "env", "-0"], env={**os.environ, **variables})
    pairs = [entry.split("=", 1) for entry in out.split("\0") if "=" in entry]
    return status, dict(pairs), err


class Under(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Path("steady.toml").write_text(STEADY)
        Path("wrong.toml").write_text(STEADY.replace("gap_us = 0.5", "gap_us = -0.5"))
        Path("there.h5").write_text("not yours to overwrite")

    def tearDown(self):
        self.assertEqual(Path("there.h5").read_text(), "not yours to overwrite", "an existing file is left alone")

    def test_mistakes(self):
        for what, arguments, pattern in MISTAKES:
            with self.subTest(what):
                status, out, err = run(arguments)
                self.assertEqual(status, 2, f"{what}: exit code ({err.strip()!r})")
                self.assertTrue(len(err.splitlines()) == 1 and err.startswith("haloscope: "), f"{what}: one line, found {err!r}")
                self.assertTrue(re.search(pattern, err) is not None, f"{what}: {pattern!r} in {err!r}")
                self.assertEqual(out, "", f"{what}: standard output")

    def test_environment(self):
        status, seen, err = environment_of(
            [*NETWORK, "--set-network", "about.name=other", "--set-network", "between_nodes.gap_us=0", "--ranks-per-node", "4",
             "--seed", "7", "--without", "jitter,noise", "--compute", "announced", "--posix-clocks", "--record", "new.h5"],
            LD_PRELOAD="libm.so.6", HALOSCOPE_CHANNEL="mpi", OMPI_MCA_mca_base_env_list="HOME", OMPI_MCA_mpi_yield_when_idle="0")
        self.assertEqual((status, err), (0, ""), "a right command line")
        wanted = {
            "HALOSCOPE_NETWORK": str(self.folder / "steady.toml"), "HALOSCOPE_CLOCK": "virtual",
            "HALOSCOPE_NETWORK_SET": "about.name=other\nbetween_nodes.gap_us=0", "HALOSCOPE_RANKS_PER_NODE": "4",
            "HALOSCOPE_SEED": "7", "HALOSCOPE_WITHOUT": "jitter,noise", "HALOSCOPE_COMPUTE": "announced",
            "HALOSCOPE_POSIX_CLOCKS": "1",
            "HALOSCOPE_RECORD": str(self.folder / "new.h5"), "OMPI_MCA_rmaps_base_oversubscribe": "1",
            "PRTE_MCA_hwloc_default_binding_policy": "none",
            "OMPI_MCA_mpi_yield_when_idle": "0",  # the user's own word counts
        }
        for name, value in wanted.items():
            self.assertEqual(seen.get(name), value, name)
        library, *others = seen["LD_PRELOAD"].split(":")
        self.assertTrue(library.endswith("/libhaloscope-interconnect.so") and Path(library).is_file(), f"LD_PRELOAD: {library}")
        self.assertEqual(others, ["libm.so.6"], "what was preloaded stays")
        passed_on = set(seen["OMPI_MCA_mca_base_env_list"].split(";"))
        self.assertEqual(passed_on,
                         {"HOME", "LD_PRELOAD", "HALOSCOPE_CHANNEL", *(name for name in wanted if name.startswith("HALOSCOPE_"))},
                         "the list for other hosts")

        _, seen, _ = environment_of([*NETWORK, "--clock", "real"], HALOSCOPE_SEED="99", HALOSCOPE_NETWORK_SET="x=1",
                                    HALOSCOPE_COMPUTE="announced")
        self.assertEqual(seen.get("HALOSCOPE_CLOCK"), "real", "the real clock")
        for name in ("HALOSCOPE_SEED", "HALOSCOPE_NETWORK_SET", "HALOSCOPE_COMPUTE", "OMPI_MCA_rmaps_base_oversubscribe"):
            self.assertTrue(name not in seen or os.environ.get(name) == seen[name],
                            f"{name} is not what an earlier run left: {seen.get(name)!r}")

    def test_command(self):
        for command, wanted in ((["sh", "-c", "exit 7"], 7), (["sh", "-c", "printf '%s|' \"$@\"", "sh", "a b", "--", "-n"], 0)):
            with self.subTest(command):
                status, out, err = run([*NETWORK, "--", *command])
                self.assertEqual((status, err), (wanted, ""), f"exit code of {command}")
                self.assertEqual(out, "a b|--|-n|" if wanted == 0 else "", f"words of {command}")
        _, _, err = run([*NETWORK, "--", "echo", "-x", "HOME"])
        self.assertTrue(re.search(r"-x LD_PRELOAD", err) is not None, f"-x and a list exclude each other: {err!r}")

    def test_static_program(self):
        Path("static.c").write_text("int main(void) { return 0; }\n")
        built = subprocess.run(["gcc", "-static", "-o", "static", "static.c"], check=False, capture_output=True)
        if built.returncode != 0:
            self.skipTest("gcc -static does not work here")
        status, _, err = run([*NETWORK, "--", "./static"])
        self.assertEqual((status, err),
                         (0, "haloscope: ./static: linked statically: the interconnect library cannot be loaded into it\n"),
                         f"a static program: {status} {err!r}")

    def test_where_mpi_has_never_been(self):
        status, _, err = run([*NETWORK, "--", PROGRAM, "--version"], env={"PATH": "/usr/bin"})
        self.assertEqual((status, err), (0, ""), "where MPI has never been")

    def test_other_hosts(self):
        """A stand-in for the remote shell: the other host is this one, but nothing of the environment comes along."""
        agent = self.folder / "agent"
        agent.write_text('#!/bin/sh\nshift\nexec env -i PATH="$PATH" HOME="$HOME" sh -c "$*"\n')
        agent.chmod(0o755)
        remote = [MPIEXEC, "--mca", "plm_rsh_agent", str(agent), "--host", "elsewhere:1", "-n", "1"]
        plain = subprocess.run([*remote, "true"], check=False, capture_output=True, timeout=60)
        if plain.returncode != 0:
            self.skipTest("this launcher cannot be led to believe in another host")
        status, out, err = run([*NETWORK, "--seed", "5", "--", *remote, "env"], timeout=60)
        self.assertEqual(status, 0, f"a run elsewhere: {err!r}")
        for name in ("LD_PRELOAD", "HALOSCOPE_NETWORK", "HALOSCOPE_SEED", "HALOSCOPE_CLOCK"):
            self.assertTrue(re.search(f"^{name}=.", out, re.MULTILINE) is not None, f"{name} elsewhere")


if __name__ == "__main__":
    main()
