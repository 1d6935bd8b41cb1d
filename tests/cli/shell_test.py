"""isobar completion and isobar doc: what shells and editors are given follows the options and the schema."""

import json
import shutil
import subprocess
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, ROOT, isobar

SCHEMA = json.loads((ROOT / "scenarios/schema/scenario.schema.json").read_text())


class Completion(unittest.TestCase):
    def complete(self, *words):
        """What bash offers for the last of `words`."""
        script = isobar("completion", "bash").stdout
        text = f"{script}\nCOMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _isobar; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        return subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()

    def test_commands_options_and_files(self):
        self.assertEqual(self.complete("isobar", "repl"), ["replay"])
        self.assertEqual(self.complete("isobar", "mapping", "ch"), ["check"])
        self.assertEqual(self.complete("isobar", "replay", "--st"), ["--steps"])
        self.assertIn("README.md", self.complete("isobar", "run", "READ"))

    def test_every_long_option_of_every_command_is_offered(self):
        for command in "run", "explore", "conform", "export":
            options = set(self.complete("isobar", command, "--"))
            lines = [line for line in isobar(command, "--help").stdout.splitlines() if line.startswith("  -")]
            shown = {name for line in lines for name in line.split()[0].split(",") if name.startswith("--")}
            self.assertIn("--help", shown)
            self.assertTrue(shown <= options, shown - options)

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_reads_its_script(self):
        script = isobar("completion", "zsh").stdout
        subprocess.run(["zsh", "-fc", "autoload -U compinit; compinit -u; " + script], check=True)

    def test_fish_has_the_commands(self):
        self.assertIn("-a replay", isobar("completion", "fish").stdout)

    def test_other_shells(self):
        self.assertEqual(isobar("completion", "tcsh").returncode, BAD_INPUT)


class Reference(unittest.TestCase):
    def test_every_key_of_the_schema_is_in_it(self):
        text = isobar("doc").stdout
        for name, node in SCHEMA["$defs"].items():
            self.assertIn(f"## {name}\n", text)
            for key in node.get("properties", {}):
                self.assertIn(f"| `{key}`", text)

    def test_one_section(self):
        result = isobar("doc", "machine")
        self.assertEqual(result.returncode, AS_EXPECTED)
        self.assertIn("| `cores` | integer 1 to 16 |", result.stdout)
        self.assertNotIn("## thread", result.stdout)

    def test_schema_is_the_file(self):
        self.assertEqual(json.loads(isobar("doc", "--schema").stdout), SCHEMA)

    def test_unknown_section(self):
        result = isobar("doc", "cache")
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertIn("expected scenario, machine", result.stderr)


if __name__ == "__main__":
    unittest.main()
