"""isobar lint: the missing and the superfluous steps of code modification, for each kind of cache."""

import json
import pathlib
import tempfile
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, DIFFERS, ROOT, isobar

STEPS = ["DC CVAU, X1", "DSB ISH", "IC IVAU, X1", "DSB ISH"]
NEEDED = {  # of the steps above, by IDC and DIC
    (False, False): [0, 1, 2, 3],
    (True, False): [1, 2, 3],
    (True, True): [],
}


def scenario(steps, isb=True, publish="STLR X4, [X2]"):
    lines = ["STR W3, [X1]", *steps, publish]
    code = "".join(f"      {line}\n" for line in lines)
    call = "".join(f"      {line}\n" for line in ["LDAR X5, [X2]", "CBZ X5, out", *(["ISB"] if isb else []), "BLR X1", "out:"])
    return f"""name: JIT
description: A function is replaced while another thread waits to call it.
memory:
  jit:
    type: code
    asm: |
      MOV W0, #1
      RET
  flag: 0
registers: {{X1: jit, X2: flag}}
threads:
  compiler:
    registers: {{X3: "instr(MOV W0, #2)", X4: 1}}
    asm: |
{code}  runner:
    asm: |
{call}expect:
  - never: runner.X5 == 1 && runner.X0 == 1
"""


class Lint(unittest.TestCase):
    def setUp(self):
        self.folder_object = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder_object.cleanup)
        self.folder = pathlib.Path(self.folder_object.name)

    def lint(self, text, status, name="jit.yaml"):
        path = self.folder / name
        path.write_text(text)
        result = isobar("lint", "--json", path)
        self.assertEqual(result.returncode, status, result)
        return json.loads(result.stdout)["caches"]

    def test_the_general_sequence_is_right_and_each_cache_needs_its_part(self):
        for cache in self.lint(scenario(STEPS), AS_EXPECTED):
            self.assertEqual(cache["as_written"], "right")
            self.assertEqual(cache["missing"], [])
            self.assertEqual(len(cache["needed"]), len(NEEDED[cache["idc"], cache["dic"]]) + 1, cache)

    def test_every_step_left_out_is_missed(self):
        for left_out in range(len(STEPS)):
            steps = STEPS[:left_out] + STEPS[left_out + 1:]
            for cache in self.lint(scenario(steps), DIFFERS):
                wrong = left_out in NEEDED[cache["idc"], cache["dic"]]
                self.assertEqual(cache["as_written"], "wrong" if wrong else "right", (left_out, cache))
                self.assertEqual(len(cache["missing"]), 1 if wrong else 0, (left_out, cache))
                if wrong:
                    self.assertIn(STEPS[left_out], cache["missing"][0])

    def test_nothing_at_all(self):
        caches = self.lint(scenario([], isb=False), DIFFERS)
        self.assertEqual([len(c["missing"]) for c in caches], [5, 4, 1])
        for cache in caches:
            self.assertIn("runner: ISB before BLR X1 (line 21)", cache["missing"])

    def test_what_no_step_can_mend_is_said(self):
        # The new code itself is what must not run.
        text = scenario(STEPS).replace("MOV W0, #1\n", "MOV W0, #1\n      ADD W0, W0, #0\n")
        text = text.replace("runner.X0 == 1\n", "runner.X0 == 2\n")
        result = self.lint(text, DIFFERS)
        for cache in result:
            self.assertEqual((cache["as_written"], cache["missing"], cache["needed"]), ("wrong", [], []))

    def test_litmus(self):
        text = """AArch64 self
{ 0:X0=instr:"NOP"; 0:X1=P0:m; }
 P0          ;
 STR W0,[X1] ;
m: B out     ;
 MOV W9,#1   ;
out:         ;
exists (0:X9=0)
"""
        caches = self.lint(text, DIFFERS, "self.litmus")
        self.assertEqual([c["as_written"] for c in caches], ["wrong"] * 3)
        self.assertEqual([len(c["missing"]) for c in caches], [5, 4, 2])

    def test_a_store_with_an_offset_is_maintained_where_it_writes(self):
        for store, note in (("STR W3, [X1, #64]", "X1 + 64"), ("STR W3, [X1, X6]", "X1 + X6"),
                            ("STR W3, [X1, W7, SXTW #2]", "X1 + W7 SXTW #2"), ("STR W3, [X8, #-4]", "X8 - 4"),
                            ("STR W3, [X1, #64]!", "X1 + 64 before STR W3, [X1, #64]! (line 32)"),
                            ("STR W3, [X12], #4", "X12 before STR W3, [X12], #4 (line 32)"),
                            ("STP W9, W3, [X8, #-8]", "X8 - 4"),  # of its two words only one is in that line
                            ("SWP W3, W9, [X12]", None)):
            with self.subTest(store):
                text = scenario([]).replace("STR W3, [X1]", store)
                text = text.replace("      MOV W0, #1\n", "      NOP\n" * 16 + "      f: MOV W0, #1\n      end:\n")
                text = text.replace("BLR X1", "BLR X12")
                text = text.replace("X2: flag}", "X2: flag, X6: 64, X7: 16, X8: jit.end, X12: jit.f}")
                text = text.replace("X4: 1}", "X4: 1, X9: \"instr(NOP)\"}")
                caches = self.lint(text, DIFFERS)
                self.assertEqual([len(c["missing"]) for c in caches], [4, 3, 0])
                clean = next(m for m in caches[0]["missing"] if "DC CVAU" in m)
                self.assertTrue(clean.endswith("(line 32)" if note is None else f" = {note}"), clean)

    def test_stores_to_several_lines_are_maintained_together(self):
        text = scenario([]).replace("      RET\n", "      B 1f\n" + "      NOP\n" * 16 + "      1:\n      MOV W6, #1\n      RET\n")
        text = text.replace("      STR W3, [X1]\n", "      STR W3, [X1]\n      STR W7, [X1, #72]\n")
        text = text.replace("X4: 1}", "X4: 1, X7: \"instr(MOV W6, #2)\"}")
        text = text.replace("runner.X0 == 1\n", "(runner.X0 == 1 || runner.X6 == 1)\n")
        caches = self.lint(text, DIFFERS)
        self.assertEqual([len(c["missing"]) for c in caches], [6, 4, 0])
        # One line, one operation.
        caches = self.lint(text.replace("      NOP\n", "").replace("#72", "#8"), DIFFERS)
        self.assertEqual([len(c["missing"]) for c in caches], [4, 3, 0])

    def test_no_store_to_code_is_bad_input(self):
        path = ROOT / "scenarios" / "quickstart" / "1-message.yaml"
        result = isobar("lint", path)
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertIn("stores to code", result.stderr)

    def test_code_on_one_line_is_bad_input_with_its_place(self):
        text = scenario(STEPS).replace("      STR W3, [X1]\n", "      STR W3, [X1]; NOP\n")
        path = self.folder / "jit.yaml"
        path.write_text(text)
        result = isobar("lint", path)
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertRegex(result.stderr, r"jit\.yaml:\d+:\d+: error: ")


if __name__ == "__main__":
    unittest.main()
