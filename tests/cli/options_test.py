"""Options, help and wrong use: clear messages and the exit statuses other programs rely on."""

import json
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, isobar

COMMANDS = ["run", "explore", "explain", "lint", "flavours", "profile", "cost", "hunt", "replay", "conform", "isa", "import",
            "mapping", "mutate", "run-elf", "version"]


class Help(unittest.TestCase):
    def test_names_every_command_and_the_exit_statuses(self):
        result = isobar("--help")
        self.assertEqual(result.returncode, AS_EXPECTED)
        for command in COMMANDS:
            self.assertRegex(result.stdout, rf"(?m)^  {command}\s+\S")
        self.assertIn("Exit status", result.stdout)
        self.assertIn("Examples", result.stdout)

    def test_fits_a_terminal(self):
        for command in [None, *COMMANDS]:
            result = isobar(*([command] if command else []), "--help")
            for line in result.stdout.splitlines():
                self.assertLessEqual(len(line), 110, line)

    def test_every_command_has_help(self):
        for command in COMMANDS:
            result = isobar(command, "--help")
            self.assertEqual(result.returncode, AS_EXPECTED, command)
            self.assertIn("--help", result.stdout)
            self.assertEqual(result.stderr, "")


class WrongUse(unittest.TestCase):
    def check(self, *arguments, message):
        result = isobar(*arguments)
        self.assertEqual(result.returncode, BAD_INPUT, result)
        self.assertIn(message, result.stderr)
        self.assertEqual(result.stdout, "")

    def test_without_a_command_help_goes_to_standard_error(self):
        self.check(message="Examples")

    def test_unknown_command(self):
        self.check("frobnicate", message="frobnicate")

    def test_unknown_option(self):
        self.check("explore", "--frobnicate", "x.litmus", message="--frobnicate")
        self.check("run", "--frobnicate", "x.yaml", message="isobar run --help")

    def test_missing_operand(self):
        for command in ["run", "explore", "explain", "flavours", "profile", "replay", "conform"]:
            self.check(command, message="required")

    def test_option_values(self):
        self.check("explore", "--max-states", "many", "x.litmus", message="--max-states")
        self.check("explore", "--timeout", "-1", "x.litmus", message="--timeout")
        self.check("explore", "--jobs", "0", "x.litmus", message="--jobs")
        self.check("explore", "--tso-flavour", "t9", "x.litmus", message="--tso-flavour")

    def test_paths(self):
        self.check("run", "/nonexistent.yaml", message="/nonexistent.yaml: error: no such file")
        self.check("explore", "/nonexistent.litmus", message="/nonexistent.litmus: error: no such file")
        self.check("replay", "/nonexistent.trace", message="/nonexistent.trace: error:")
        self.check("run", "tests/cli", message="tests/cli: error: the folder holds no file that ends in .yaml")


class Version(unittest.TestCase):
    def test_text_and_json(self):
        text = isobar("version")
        self.assertEqual(text.returncode, AS_EXPECTED)
        self.assertRegex(text.stdout, r"^isobar \d+\.\d+\.\d+\n")
        self.assertEqual(json.loads(isobar("version", "--json").stdout)["format"], "isobar-version/1")


class Isa(unittest.TestCase):
    def test_list_has_32_character_bit_strings(self):
        result = isobar("isa", "--list")
        self.assertEqual(result.returncode, AS_EXPECTED)
        lines = result.stdout.splitlines()
        self.assertGreater(len(lines), 200)
        for line in lines:
            self.assertEqual(len(line.split()[0]), 32, line)


if __name__ == "__main__":
    unittest.main()
