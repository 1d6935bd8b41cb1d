"""isobar isa --coverage: shares, what is missing, and wrong files."""

import json
import os
import pathlib
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

    def test_wrong_input_is_located(self):
        for line, message in [("[1]", "JSON object"), ("{", "JSON object"), ("{}", '"words"'), ({"words": "x"}, '"words"'),
                              ({"words": ["123456789"]}, "words[0]"), ({"words": [5]}, "words[0]"),
                              ({"words": [], "data_words": [-1]}, "data_words")]:
            result = self.run_on({"words": [NOP]}, line)
            self.assertEqual(result.returncode, BAD_INPUT, result)
            self.assertIn(":2: error: ", result.stderr)
            self.assertIn(message, result.stderr)

    def test_translator_logs_decode(self):
        folder = os.environ.get("ISOBAR_TRANSLATOR")
        if folder is None:
            self.skipTest("ISOBAR_TRANSLATOR is not set")
        for name in ["qemu_sequences.jsonl", "qemu_helpers.jsonl"]:
            result = isobar("isa", "--coverage", pathlib.Path(folder) / name)
            self.assertEqual(result.returncode, AS_EXPECTED, result.stdout)


if __name__ == "__main__":
    unittest.main()
