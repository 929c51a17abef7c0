# SPDX-License-Identifier: BSD-3-Clause
"""Several hosts on one machine. Two network namespaces are joined by a pair of veth; each has its own hostname, and Open MPI
goes between them by TCP. Stamps between them go by MPI, and the modelled times must be those of one host, to the bit. The test
needs root and `ip netns`, and is skipped without them. It removes its namespaces whatever happens."""
import math
import os
import shlex
import shutil
import subprocess
import unittest
from pathlib import Path

import h5py

from haloscope_program import PROGRAM, VORTEX, ProgramTest, main

NUMBER = os.getpid()
NAMES = (f"haloscope-{NUMBER}-a", f"haloscope-{NUMBER}-b")
LINKS = (f"hs{NUMBER}a", f"hs{NUMBER}b")
HOSTNAMES = ("lab-a", "lab-b")
ADDRESSES = ("10.213.77.1", "10.213.77.2")  # only these two namespaces ever see them
RANKS = 4
CASE = VORTEX.replace("steps = 40", "steps = 8").replace("tolerance = 0.01", "tolerance = 1.0")
COUNTED = ("timing/step_seconds", "timing/phase_seconds", "timing/ideal_seconds", "timing/compute_seconds", "timing/messages",
           "timing/bytes", "timing/collectives", "solver")


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=False)


def must_ip(*words):
    done = ip(*words)
    if done.returncode != 0:
        raise unittest.SkipTest(f"ip {' '.join(words)}: {done.stderr.strip()}")


def make_hosts(take_away):
    """Two namespaces and the cable between them; @p take_away is told how to remove them."""
    for name in NAMES:
        must_ip("netns", "add", name)
        take_away(ip, "netns", "del", name)
    must_ip("link", "add", LINKS[0], "netns", NAMES[0], "type", "veth", "peer", "name", LINKS[1], "netns", NAMES[1])
    for name, link, address in zip(NAMES, LINKS, ADDRESSES):
        for words in (("addr", "add", f"{address}/24", "dev", link), ("link", "set", link, "up"), ("link", "set", "lo", "up")):
            must_ip("-n", name, *words)


def entering(which):
    """Words before a command that run it on that host. Its hostname is set in a UTS namespace of the command's own."""
    return ["nsenter", f"--net=/run/netns/{NAMES[which]}", "unshare", "--uts", "sh", "-c",
            f'hostname {HOSTNAMES[which]}; exec "$@"', "sh"]


def write_agent(path):
    """The command with which Open MPI starts its daemon on the other host, in place of ssh: `agent ADDRESS COMMAND…`."""
    words = " ".join(shlex.quote(word) for word in entering(1))
    path.write_text(f'#!/bin/sh\nshift\nexec {words} sh -c "$*"\n', encoding="utf-8")
    path.chmod(0o755)
    return path.resolve()


def launch(arguments, hosts, ranks=RANKS, **variables):
    """On one host or two, half of the ranks on each."""
    where = ",".join(f"{address}:{ranks // hosts}" for address in ADDRESSES[:hosts])
    exported = [word for name in variables for word in ("-x", name)]
    command = [*entering(0), "mpirun", "--host", where, "-n", str(ranks), "--bind-to", "none", "--oversubscribe",
               "--mca", "plm_rsh_agent", str(write_agent(Path("agent"))), "--mca", "pml", "ob1", "--mca", "btl", "self,vader,tcp",
               "--mca", "btl_tcp_if_include", "10.213.77.0/24", "--mca", "oob_tcp_if_include", "10.213.77.0/24",
               "--mca", "mpi_yield_when_idle", "1", *exported, PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env={**os.environ, **variables})
    return done.returncode, done.stdout, done.stderr


def data_of(path):
    found = {}
    with h5py.File(path) as file:
        def take(name, item):
            if isinstance(item, h5py.Dataset) and name.startswith(COUNTED):
                found[name] = item[()].tobytes()
        file.visititems(take)
    return found


def nothing_is_left():
    left = [name for name in NAMES if name in ip("netns", "list").stdout]
    assert left == [], f"namespaces left behind: {left}"


class Hosts(ProgramTest):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        for tool in ("ip", "nsenter", "unshare", "hostname"):
            if shutil.which(tool) is None:
                raise unittest.SkipTest(f"{tool} is not here")
        super().setUpClass()
        cls.addClassCleanup(nothing_is_left)
        make_hosts(cls.addClassCleanup)
        Path("vortex.toml").write_text(CASE, encoding="utf-8")

    def test_virtual(self):
        """Logical clocks do not depend on the hosts on which the ranks really are."""
        asked = ["run", "vortex.toml", "--network", "tcp-oci-vm", "--ranks-per-node", "2", "--compute", "model", "--seed", "7",
                 "--output"]
        for output, hosts, variables in (("one.h5", 1, {}), ("two.h5", 2, {}), ("by-mpi.h5", 1, {"HALOSCOPE_CHANNEL": "mpi"})):
            status, _, err = launch([*asked, output], hosts, **variables)
            self.assertEqual(status, 0, f"{output}: exit code ({err!r})")
        one = data_of("one.h5")
        self.assertTrue(len(one) > 8, f"{len(one)} data sets are compared")
        for other in ("two.h5", "by-mpi.h5"):
            found = data_of(other)
            self.assertEqual(sorted(found), sorted(one), f"{other}: what is in the file")
            self.assertEqual([name for name in one if one[name] != found.get(name)], [], f"{other}: what differs from one host")
        with h5py.File("two.h5") as file:
            hosts = [name.decode() for name in file["ranks/host"][:]]
            self.assertEqual(hosts, [HOSTNAMES[0]] * 2 + [HOSTNAMES[1]] * 2, "two hosts")
            self.assertEqual((int(file.attrs["exact"]), file.attrs["clock"]), (1, "virtual"), "exact, virtual")

    def test_real(self):
        """Both hosts are one machine and share its wall clock: the alignment must find this, and tell its residual."""
        status, _, err = launch(["run", "vortex.toml", "--network", "synthetic", "--clock", "real", "--output", "real.h5"], 2,
                                ranks=2)
        self.assertEqual(status, 0, f"real: exit code ({err!r})")
        with h5py.File("real.h5") as file:
            self.assertEqual(file.attrs["clock"], "real", "clock")
            hosts = [name.decode() for name in file["ranks/host"][:]]
            self.assertEqual(hosts, list(HOSTNAMES), "real: two hosts")
            text = {name: file.attrs[name] for name in file.attrs if name.startswith("clock_")}
            residual = float(text["clock_residual_seconds"])
            print(f"real time on two hosts: {text}")
            self.assertTrue(0 < residual < math.inf, f"real: the clocks' residual is told: {residual}")


if __name__ == "__main__":
    main()
