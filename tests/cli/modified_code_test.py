#!/usr/bin/env python3
"""Timed runs of code that is modified: within what search finds, and reported step by step."""

import json
import pathlib
import tempfile
import unittest

from isobar_command import AS_EXPECTED, isobar

MUSEUM = "scenarios/museum/"
WITH_MODIFIED_CODE = [
    MUSEUM + name + ".yaml"
    for name in ("armsx2-isb-dsb", "asmjit-flush-before", "fex-backpatch", "gvisor-same-core", "jvm-static-call",
                 "libnx-no-isb", "linux-static-key", "wasmtime-membarrier", "dynamorio-store-to-branch",
                 "fex-delinker", "jvm-post-call-nop")
]
SEEDS = range(1, 6)


def objects(process):
    return [json.loads(line) for line in process.stdout.splitlines()]


def timed(file, variant, seed=None):
    seeds = () if seed is None else ("--seed", seed)
    return objects(isobar("run", "--json", "--how", "timed", "--variant", variant, *seeds, file))[0]["runs"]


class ModifiedCode(unittest.TestCase):
    def test_timed_runs_are_within_the_explored_set(self):
        stale = 0
        for file in WITH_MODIFIED_CODE:
            with self.subTest(file):
                explored = objects(isobar("explore", "--json", "--variant", "timed", file))[0]
                self.assertEqual(explored["status"], "complete")
                # A condition on a warning splits states by when things happened; see docs/semantics.md.
                states = {s.replace("flagged(cmodx); ", "") for s in explored["states"]}
                for seed in SEEDS:
                    for run in timed(file, "timed", seed):
                        self.assertIn(run["state"].replace("flagged(cmodx); ", ""), states)
                        stale += len(run["code"]["stale"]) if run["code"] else 0
        self.assertGreater(stale, 0)

    def test_a_stale_line_is_executed_and_reported(self):
        run = timed(MUSEUM + "wasmtime-membarrier.yaml", "timed")[0]
        self.assertTrue(run["code"]["stale"])
        for s in run["code"]["stale"]:
            store = run["code"]["stores"][s["since"]]
            self.assertEqual(s["executed"], store["before"])
            self.assertEqual(s["address"], store["address"])
            self.assertGreater(s["at"]["ticks"], store["at"]["ticks"])
            self.assertTrue(s["missing"])

    def test_the_missing_step_is_named(self):
        for variant, step in (("no-clean", "DC CVAU was not done"), ("no-invalidate", "IC IVAU was not done")):
            with self.subTest(variant), tempfile.TemporaryDirectory() as folder:
                isobar("explore", "--witness", folder, f"scenarios/jit/{variant}.yaml")
                missing = set()
                for trace in sorted(pathlib.Path(folder).glob("*.trace")):
                    replay = objects(isobar("replay", "--json", trace))[0]
                    self.assertTrue(replay["same"])
                    for s in replay["code"]["stale"] if replay["code"] else ():
                        missing.update(s["missing"])
                self.assertIn(step, missing)

    def test_unsafe_modifications_are_reported_with_the_core(self):
        for name in ("dynamorio-store-to-branch", "jvm-post-call-nop", "fex-delinker"):
            with self.subTest(name):
                run = timed(MUSEUM + name + ".yaml", "timed")[0]
                self.assertIn("violates-CMODX-requirements", run["flags"])
                unsafe = run["code"]["unsafe"]
                self.assertEqual([u["core"] for u in unsafe], [1])
                self.assertIn("STR", run["code"]["stores"][unsafe[0]["store"]]["store"])

    def test_safe_replacements_are_not(self):
        run = timed(MUSEUM + "linux-static-key.yaml", "timed")[0]
        self.assertNotIn("violates-CMODX-requirements", run["flags"])
        self.assertEqual(run["code"]["unsafe"], [])
        self.assertTrue(run["code"]["stale"])

    def test_a_run_without_stores_to_code_has_no_report(self):
        process = isobar("run", "--json", "--how", "timed", "--seed", 1, "scenarios/classics/mp.yaml")
        self.assertIsNone(objects(process)[0]["runs"][0]["code"])

    def test_a_warning_has_a_witness(self):
        with tempfile.TemporaryDirectory() as folder:
            file = MUSEUM + "fex-delinker.yaml"
            found = objects(isobar("explore", "--json", "--variant", "defect", "--witness", folder, file))[0]
            flag = next(f for f in found["flags"] if f["name"] == "violates-CMODX-requirements")
            self.assertGreater(flag["final_states"], 0)
            self.assertLess(flag["final_states"], flag["of"])
            replay = isobar("replay", flag["trace"])
            self.assertEqual(replay.returncode, AS_EXPECTED)
            self.assertIn("\nFlag violates-CMODX-requirements\n", replay.stdout)
            self.assertIn("\nUnsafe: ", replay.stdout)


if __name__ == "__main__":
    unittest.main()
