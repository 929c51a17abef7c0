# SPDX-License-Identifier: BSD-3-Clause
"""`haloscope keys`: the pages of reference in the repository are what the program prints."""
from haloscope_program import SOURCE, ProgramTest, main, run

PAGES = {
    "case": "cases/KEYS.md",
    "profile": "cases/networks/KEYS.md",
    "study": "cases/studies/KEYS.md",
    "site": "jobs/sites/KEYS.md",
    "compute": "cases/compute/KEYS.md",
}


class Keys(ProgramTest):
    def test_pages_are_printed(self):
        for kind, page in PAGES.items():
            with self.subTest(kind):
                status, out, err = run(["keys", kind])
                self.assertEqual((status, err), (0, ""))
                self.assertTrue(out == (SOURCE / page).read_text(), f"{page} is old: haloscope keys {kind} > {page}")
                rows = [line for line in out.splitlines() if line.startswith("| `")]
                self.assertGreater(len(rows), 10)
                self.assertEqual({row.count(" | ") for row in rows}, {4}, "every key has five cells")

    def test_unknown_kind(self):
        status, out, err = run(["keys", "cases"])
        self.assertEqual((status, out), (2, ""))
        self.assertIn("haloscope keys --help", err)


if __name__ == "__main__":
    main()
