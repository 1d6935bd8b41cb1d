"""isobar mutate: which scenario notices which fault of the kernel."""

import json
import pathlib
import re
import tempfile
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, DIFFERS, ROOT, isobar

SCENARIO = """description: A thread asks the kernel for a model and starts another program, which asks what it has.
machine: {cores: 1, kind: actlr}
kernel: {}
threads:
  t:
    end: park
    registers: {X0: 0x4d4d444c, X1: 1, X8: 167}
    asm: |
      SVC #0
      ADR X0, program
      MOV X8, #221
      SVC #0
      program:
      LDR X0, =0x6d4d444c
      MOV X8, #167
      SVC #0
expect:
  - %s
mutations:
  - %s
"""
NOTICES = "always: t.X0 == 0"
SLEEPS = "never: t.X0 == 5"


class Mutate(unittest.TestCase):
    def mutate(self, expectation, mutation, *options):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "one.yaml").write_text(SCENARIO % (expectation, mutation), encoding="utf-8")
            return isobar("mutate", "--in", folder, "exec_keeps_tso", *options)

    def test_killed(self):
        result = self.mutate(NOTICES, "{knob: exec_keeps_tso}")
        self.assertEqual(result.returncode, AS_EXPECTED, result.stderr)
        self.assertRegex(result.stdout, r"exec_keeps_tso +one +killed +always t.X0 == 0 \(\d+ steps\)\n1 mutations: 1 killed\n")

    def test_the_witness_has_as_many_steps_as_told(self):
        result = self.mutate(NOTICES, "{knob: exec_keeps_tso}", "--witness", "--json")
        report = json.loads(result.stdout)
        self.assertEqual(report["status"], "killed")
        self.assertEqual(len(report["witness"]), report["steps"])
        self.assertGreater(report["steps"], 20)

    def test_what_nobody_notices(self):
        result = self.mutate(SLEEPS, "{knob: exec_keeps_tso}")
        self.assertEqual(result.returncode, DIFFERS)
        self.assertIn("survives", result.stdout)

    def test_masked_is_checked_too(self):
        result = self.mutate(SLEEPS, "{knob: exec_keeps_tso, masked: nobody looks}")
        self.assertEqual(result.returncode, AS_EXPECTED)
        self.assertIn("masked     nobody looks", result.stdout)
        result = self.mutate(NOTICES, "{knob: exec_keeps_tso, masked: nobody looks}")
        self.assertEqual(result.returncode, DIFFERS)
        self.assertIn("said to be masked", result.stdout)

    def test_a_scenario_that_fails_by_itself_kills_nothing(self):
        result = self.mutate("always: t.X0 == 1", "{knob: exec_keeps_tso}")
        self.assertEqual(result.returncode, DIFFERS)
        self.assertIn("without the fault", result.stdout)

    def test_a_knob_without_scenario(self):
        result = self.mutate(NOTICES, "{knob: exec_keeps_tso}", "no_ipi")
        self.assertEqual(result.returncode, DIFFERS)
        self.assertRegex(result.stdout, r"no_ipi +- +missing")

    def test_wrong_input(self):
        result = self.mutate(NOTICES, "{knob: exec_keep_tso}")
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertRegex(result.stderr, r"one\.yaml:20:12: error: 'exec_keep_tso' is not a knob of the kernel; did you mean")
        result = self.mutate(NOTICES, "{name: something}")
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertIn("one.yaml:20:5: error: a mutation is a knob", result.stderr)
        self.assertEqual(isobar("mutate", "--in", ROOT / "scenarios/prctl", "nonsense").returncode, BAD_INPUT)

    def test_programs_are_mutated_too(self):
        result = isobar("mutate", "--in", ROOT / "scenarios", "rseq_mask_irqs_on", "dcache_flag_before_flush")
        self.assertEqual(result.returncode, AS_EXPECTED, result.stdout)
        self.assertIn("2 mutations: 2 killed", result.stdout)

    def test_every_knob_has_a_scenario(self):
        knobs = set(re.findall(r'  X\((\w+), +"[^"]+: ', (ROOT / "kernel-shim/shim.h").read_text(encoding="utf-8")))
        knobs |= {"actlr_set_preemptible", "iar_dsb"}
        named = set()
        for file in (ROOT / "scenarios").rglob("*.yaml"):
            named |= set(re.findall(r"\n  - \{knob: (\w+)", file.read_text(encoding="utf-8")))
        self.assertGreaterEqual(len(knobs), 21)
        self.assertEqual(knobs - named, set())


if __name__ == "__main__":
    unittest.main()
