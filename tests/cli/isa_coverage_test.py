"""isobar isa --coverage: shares, what is missing, and wrong files."""

import json
import os
import pathlib
import re
import tempfile
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, isobar

NOP, RET, UNKNOWN, LITERAL = "d503201f", "0xD65F03C0", "ffffffff", "00000000"


class Coverage(unittest.TestCase):
    def run_on(self, *lines):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False) as file:
            file.write("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
        try:
            return isobar("isa", "--coverage", file.name)
        finally:
            os.unlink(file.name)

    def test_counts_words_and_sequences(self):
        result = self.run_on({"words": [NOP, RET]}, {"words": [NOP, UNKNOWN]}, "")
        self.assertEqual(result.returncode, AS_EXPECTED, result)
        self.assertIn("instructions decoded:           3 of 4 (75.00 %)", result.stdout)
        self.assertIn("distinct instructions decoded:  2 of 3 (66.67 %)", result.stdout)
        self.assertIn("sequences decoded completely:   1 of 2 (50.00 %)", result.stdout)
        self.assertIn("  of those without SVE:         1 of 2 (50.00 %)", result.stdout)
        self.assertRegex(result.stdout, r"(?m)^ +1 +1  \.inst +\.inst 0xffffffff$")

    def test_literals_are_not_instructions(self):
        result = self.run_on({"words": [NOP, LITERAL], "data_words": [1]})
        self.assertEqual(result.returncode, AS_EXPECTED, result)
        self.assertIn("1 of 1 (100.00 %)", result.stdout)

    def test_sve_is_counted_apart(self):
        result = self.run_on({"words": [NOP]}, {"words": ["04200000", NOP]})
        self.assertIn("sequences decoded completely:   1 of 2 (50.00 %)", result.stdout)
        self.assertIn("  of those without SVE:         1 of 1 (100.00 %)", result.stdout)

    def executed(self, *lines):
        result = self.run_on(*lines)
        self.assertEqual(result.returncode, AS_EXPECTED, result)
        return result.stdout

    def test_sequences_are_executed(self):
        out = self.executed({"words": ["f9400381", "f9400022", "d63f0040", "8b020041"]},  # ldr, ldr, blr, add
                            {"words": [NOP, "d4000001", NOP]})                            # svc
        self.assertIn("sequences executed:             2 of 2 (100.00 %)", out)
        self.assertIn("instructions of them reached: 7 of 7 (100.00 %)", out)
        self.assertNotIn("not executed", out)

    def test_what_is_not_executed_is_listed_with_its_reason(self):
        out = self.executed({"words": ["14000000"], "file": "loops"},                # b .
                            {"words": ["d4200000"], "file": "traps"},                # brk
                            {"words": ["91000781", "c8dffc22"], "file": "unaligned"},  # add x1, x28, #1; ldar x2, [x1]
                            {"words": ["91003f81", "c8dffc22"], "file": "unaligned"},  # add x1, x28, #15
                            {"words": [NOP, "04200000"], "file": "vectors"})
        self.assertIn("sequences executed:             1 of 5 (20.00 %)", out)
        for row in [r"1 +1  no end after 100000 instructions, loops", r"1 +2  brk raises an exception, traps",
                    r"1 +4  ldar faults, unaligned", r"1 +5  SVE, vectors"]:
            self.assertRegex(out, rf"(?m)^ +{row}$")

    def test_links_of_recorded_blocks_are_not_set_yet(self):
        for link in [["9000001e", "910003de", "d61f03c0"], ["14000000", "d61f0200"]]:
            out = self.executed({"words": [*link, NOP], "host_pc": "0x7fbe8c058660"})
            self.assertIn("sequences executed:             1 of 1 (100.00 %)", out)

    def test_wrong_input_is_located(self):
        for line, message in [("[1]", "JSON object"), ("{", "JSON object"), ("{}", '"words"'), ({"words": "x"}, '"words"'),
                              ({"words": ["123456789"]}, "words[0]"), ({"words": [5]}, "words[0]"),
                              ({"words": [], "data_words": [-1]}, "data_words"),
                              ({"words": [], "host_pc": "12"}, "host_pc"), ({"words": [], "host_pc": "0x12"}, "host_pc")]:
            result = self.run_on({"words": [NOP]}, line)
            self.assertEqual(result.returncode, BAD_INPUT, result)
            self.assertIn(":2: error: ", result.stderr)
            self.assertIn(message, result.stderr)

    def test_code_of_translators_executes(self):
        folder = os.environ.get("ISOBAR_TRANSLATOR")
        if folder is None:
            self.skipTest("ISOBAR_TRANSLATOR is not set")
        least = {"qemu_sequences.jsonl": 100.0, "qemu_helpers.jsonl": 98.0, "fex_sequences.jsonl": 99.0}
        for name, share in least.items():
            result = isobar("isa", "--coverage", pathlib.Path(folder) / name)
            self.assertEqual(result.returncode, AS_EXPECTED, result.stdout)
            executed = re.search(r"sequences executed: .*\n  of those without SVE: +\d+ of \d+ \((.*) %\)", result.stdout)
            self.assertGreaterEqual(float(executed[1]), share, result.stdout)


if __name__ == "__main__":
    unittest.main()
