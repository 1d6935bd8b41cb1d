"""isobar profile: which instructions touch memory that cores share."""

import json
import pathlib
import tempfile
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, isobar

SCENARIO = """description: One location is written and read by two threads, one read by both, one used by one.
machine: {kind: none}
memory:
  flag: 0
  constant: 7
  own: {at: 0x200000}
  beside: {at: 0x200010}
registers: {X1: flag, X2: constant, X3: own, X5: beside}
threads:
  writer:
    asm: |
      LDR X0, [X2]
      STR X0, [X3]
      STR X0, [X1]
  reader:
    asm: |
      LDR X0, [X1]
      LDR X4, [X2]
      STR X4, [X5]
show: own
"""


class Profile(unittest.TestCase):
    def profile(self, *options):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "profile.yaml"
            file.write_text(SCENARIO, encoding="utf-8")
            result = isobar("profile", "--json", *options, file)
        self.assertEqual(result.returncode, AS_EXPECTED, result.stderr)
        return json.loads(result.stdout)

    def test_every_instruction_is_told_how_its_memory_is_used(self):
        report = self.profile("--runs", 3)
        self.assertEqual((report["format"], report["runs"], report["granule"]), ("isobar-profile/1", 3, 16))
        seen = {(i["core"], i["line"]): (i["local"], i["read_only"], i["shared"]) for i in report["instructions"]}
        self.assertEqual(seen, {
            ("writer", 12): (0, 3, 0), ("writer", 13): (3, 0, 0), ("writer", 14): (0, 0, 3),
            ("reader", 17): (0, 0, 3), ("reader", 18): (0, 3, 0), ("reader", 19): (3, 0, 0),
        })
        self.assertEqual(report["total"], {"accesses": 18, "local": 6, "read_only": 6, "shared": 6})

    def test_locations_in_one_granule_are_shared_together(self):
        seen = {(i["core"], i["line"]): i["shared"] for i in self.profile("--runs", 1, "--granule", 64)["instructions"]}
        self.assertEqual((seen["writer", 13], seen["reader", 19]), (1, 1))

    def test_runs_repeat(self):
        first, second = self.profile("--seed", 5), self.profile("--seed", 5)
        self.assertEqual(first["instructions"], second["instructions"])

    def test_tags_are_no_accesses(self):
        report = json.loads(isobar("profile", "--json", "scenarios/mte/granules.yaml").stdout.splitlines()[2])
        self.assertEqual(report["total"]["accesses"], 20)

    def test_text_has_a_line_for_each_instruction_and_a_sum(self):
        result = isobar("profile", "--runs", 2, "scenarios/classics/mp.yaml", "--variant", "weak")
        self.assertEqual(result.returncode, AS_EXPECTED, result.stderr)
        self.assertIn("100.0 % of 8 accesses are to shared memory", result.stdout)

    def test_translated_code_is_summed_up_by_guest_instruction(self):
        result = isobar("profile", "--json", "--runs", 2, "--variant", "weak", "scenarios/translator/qemu-single-threaded.yaml")
        report = json.loads(result.stdout)
        seen = {(i["core"], i["instruction"].split(":")[0]): (i["local"], i["shared"]) for i in report["guest"]}
        self.assertEqual(seen["writer", "0x4000bc"], (0, 2), "the flag")
        self.assertEqual(seen["writer", "0x4000c8"][1], 0, "the return address is on the thread's own stack")
        self.assertTrue(all(i["line"] for i in report["instructions"]))

    def test_wrong_granules_are_refused(self):
        self.assertEqual(isobar("profile", "--granule", 3, "scenarios/classics/mp.yaml").returncode, BAD_INPUT)


if __name__ == "__main__":
    unittest.main()
