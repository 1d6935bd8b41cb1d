"""isobar explain and isobar flavours: walks, cycles, what to weaken, what to strengthen, which reading of TSO differs."""

import json
import pathlib
import tempfile
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, DIFFERS, UNDETERMINED, isobar


def litmus(name, registers, columns, condition):
    """The text of a litmus test; `columns` are lists of instructions."""
    rows = max(len(c) for c in columns)
    table = [[f"P{n}"] + c + [""] * (rows - len(c)) for n, c in enumerate(columns)]
    lines = [" | ".join(row) + " ;" for row in zip(*table)]
    return "\n".join([f"AArch64 {name}", f"{{ {registers} }}", *lines, condition, ""])


def store_buffering(fence="", load="LDR"):
    threads = [["MOV W0,#1", f"STR W0,[X{1 + n}]", *([fence] if fence else []), f"{load} W3,[X{2 - n}]"]
               for n in range(2)]
    return litmus("SB", "0:X1=x; 0:X2=y; 1:X1=x; 1:X2=y;", threads, r"exists (0:X3=0 /\ 1:X3=0)")


def large():
    """Some ten thousand states."""
    threads = [["MOV W0,#1", f"STR W0,[X{n + 1}]", *(f"LDR W{10 + m},[X{m + 1}]" for m in range(4) if m != n)]
               for n in range(4)]
    registers = " ".join(f"{n}:X{m + 1}={'xyzw'[m]};" for n in range(4) for m in range(4))
    return litmus("large", registers, threads, "exists (0:X11=5)")


def message_passing(writer="", reader="", load="LDR", store="STR"):
    return litmus("MP", "0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x;",
                  [["MOV W0,#1", "STR W0,[X1]", *([writer] if writer else []), f"{store} W0,[X3]"],
                   [f"{load} W0,[X1]", *([reader] if reader else []), "LDR W2,[X3]"]],
                  r"exists (1:X0=1 /\ 1:X2=0)")


def publication(*maintenance, reader=("CBZ W2,go", "go: ISB")):
    """A new instruction, maintenance, a flag; the reader sees the flag and runs the code."""
    return litmus("MP.RF", "0:X0=NOP; 0:X1=P1:m0; 0:X3=z; 1:X3=z;",
                  [["STR W0,[X1]", *maintenance, "MOV W2,#1", "STR W2,[X3]"],
                   ["LDR W2,[X3]", *reader, "MOV W9,#0", "m0: B l0", "MOV W9,#1", "l0:"]],
                  r"exists (1:X2=1 /\ 1:X9=0)")


SCENARIO = """name: MP
description: Message passing without a barrier in the writer.
memory: {x: 0, y: 0}
registers: {X1: x, X3: y}
threads:
  writer:
    asm: |
      MOV X0, #1
      STR X0, [X1]            // data
      again: STR X0, [X3]     // flag
  reader:
    asm: |
      LDAR X0, [X3]
      LDR X2, [X1]
expect:
  - never: reader.X0 == 1 && reader.X2 == 0
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, text, name="t.litmus"):
        path = pathlib.Path(self.folder.name) / name
        path.write_text(text, encoding="utf-8")
        return path

    def json(self, *arguments, status=AS_EXPECTED):
        result = isobar(*arguments, "--json")
        self.assertEqual(result.returncode, status, result)
        return json.loads(result.stdout)


class Allowed(Case):
    def test_tag_checks_are_told_as_such(self):
        result = isobar("explain", "--variant", "continued", "scenarios/mte/migration.yaml")
        self.assertEqual(result.returncode, AS_EXPECTED, result.stderr)
        self.assertIn("moved checks tag(data) = 1 from memory: STR X0, [X20]", result.stdout)

    def test_store_buffer_walk(self):
        result = isobar("explain", self.file(store_buffering()))
        self.assertEqual(result.returncode, AS_EXPECTED)
        self.assertIn("Allowed: exists", result.stdout)
        self.assertRegex(result.stdout, r"early: the older store STR W0,\[X\d\] \(line \d\) stays in the store buffer")
        self.assertIn("0:X3=0; 1:X3=0;", result.stdout)

    def test_walk_is_the_shortest(self):
        found = self.json("explain", self.file(store_buffering()))
        self.assertTrue(found["allowed"])
        self.assertTrue(found["shortest"])
        self.assertEqual(len(found["walk"]), 4)  # one step for each access

    def test_a_state_by_name_in_any_spelling(self):
        for outcome in ["0:X3=1;1:X3=0", "1:X3=0x0; 0:X3 = 1"]:
            found = self.json("explain", "--outcome", outcome, self.file(store_buffering()))
            self.assertEqual(found["state"], "0:X3=1;1:X3=0")

    def test_forwarding_is_named(self):
        threads = [["MOV W0,#1", "STR W0,[X1]", "LDR W4,[X1]", "LDR W3,[X2]"],
                   ["MOV W0,#1", "STR W0,[X2]", "LDR W4,[X2]", "LDR W3,[X1]"]]
        text = litmus("SB+rfis", "0:X1=x; 0:X2=y; 1:X1=x; 1:X2=y;", threads,
                      r"exists (0:X4=1 /\ 0:X3=0 /\ 1:X4=1 /\ 1:X3=0)")
        result = isobar("explain", "--tso", "all", self.file(text))
        self.assertIn("from its own store buffer", result.stdout)
        self.assertIn("which no other core can see yet", result.stdout)

    def test_stale_fetch_is_named(self):
        result = isobar("explain", "scenarios/jit/no-clean.yaml", "--variant", "plain")
        self.assertEqual(result.returncode, AS_EXPECTED)
        self.assertIn("stale: memory already holds", result.stdout)
        self.assertRegex(result.stdout, r"missing: no DC cleans the line after that store")

    def test_the_missing_step_is_named(self):
        whole = ["DC CVAU,X1", "DSB ISH", "IC IVAU,X1", "DSB ISH"]
        for text, missing in [
                (publication("DMB ISH"), r"no DC cleans the line after that store"),
                (publication(*whole[:2]), r"no IC invalidates the line after P0: DC CVAU,X1 \(line 5\)"),
                (publication(*whole[2:], *whole[:2]), r"P0: IC IVAU,X1 \(line 5\) is not ordered after P0: DC CVAU,X1"),
                (publication(*whole[:3], "DMB ISH"), r"no DSB completes P0: IC IVAU,X1"),
                (publication(*whole, reader=["ISB"]), r"P1: ISB \(line 5\) does not wait for P1: LDR W2"),
                (publication(*whole, reader=[]), r"no context synchronisation between P1: LDR W2,\[X3\] .* and the fetch")]:
            found = self.json("explain", self.file(text))
            self.assertEqual(len(found["stale"]), 1, found["stale"])
            self.assertRegex(found["stale"][0]["missing"], missing)
            self.assertRegex(found["stale"][0]["since"], r"P0: STR W0,\[X1\]")
            self.assertEqual(found["stale"][0]["core"], "P1")
        self.assertFalse(self.json("explain", self.file(publication(*whole)))["allowed"])


class Forbidden(Case):
    def test_cycle_names_axiom_barrier_and_accesses(self):
        found = self.json("explain", self.file(message_passing("DMB ST", "DMB LD")))
        self.assertFalse(found["allowed"])
        self.assertEqual(found["axiom"], "external")
        self.assertEqual([s["by"].split(" (")[0] for s in found["cycle"] if s["by"]], ["DMB ST", "DMB LD"])
        for step, following in zip(found["cycle"], found["cycle"][1:] + found["cycle"][:1]):
            self.assertEqual(step["to"], following["from"])

    def test_every_needed_barrier_is_a_weakening(self):
        found = self.json("explain", self.file(message_passing("DMB ST", "DMB LD")))
        changes = [w["change"] for w in found["weakenings"]]
        self.assertEqual(len(changes), 2)
        self.assertTrue(changes[0].startswith("P0: DMB ST") and changes[0].endswith("NOP"), changes)
        self.assertTrue(changes[1].startswith("P1: DMB LD") and changes[1].endswith("NOP"), changes)

    def test_annotations_are_weakened(self):
        found = self.json("explain", self.file(message_passing(load="LDAR", store="STLR")))
        changes = [w["change"] for w in found["weakenings"]]
        # LDAPR is as good as LDAR here, so only the plain load is listed.
        self.assertEqual(len(changes), 2, changes)
        self.assertIn("STR", changes[0])
        self.assertIn("becomes LDR", changes[1])

    def test_tso_is_weakened_core_by_core(self):
        found = self.json("explain", "--tso", "all", self.file(message_passing()))
        self.assertEqual([w["change"] for w in found["weakenings"]], ["P0: TSO off", "P1: TSO off"])

    def test_redundant_order(self):
        found = self.json("explain", self.file(message_passing("DMB SY", "DMB SY", "LDAR", "STLR")))
        self.assertEqual(found["weakenings"], [])

    def test_a_fault_forbids_what_follows(self):
        text = SCENARIO.replace("{x: 0, y: 0}", "{x: 0, y: {type: u64, value: 0, access: r}}")
        text = text.replace("reader.X0 == 1 && reader.X2 == 0", "reader.X0 == 1 && !fault(writer)")
        found = self.json("explain", self.file(text, "t.yaml"))
        self.assertFalse(found["allowed"])
        self.assertEqual(found["cycle"], [])

    def test_impossible_values(self):
        result = isobar("explain", "--outcome", "1:X0=7", self.file(message_passing()))
        self.assertEqual(result.returncode, AS_EXPECTED)
        self.assertIn("Forbidden", result.stdout)
        self.assertIn("no combination of paths and of values", result.stdout)


class Repair(Case):
    def repairs(self, text, *arguments, status=AS_EXPECTED, name="t.litmus"):
        return self.json("explain", "--repair", *arguments, self.file(text, name), status=status)["repairs"]

    def test_cheapest_first(self):
        repairs = self.repairs(message_passing(reader="DMB LD"))
        self.assertEqual(repairs[0]["kind"], "DMB ST")
        costs = [r["cost"] for r in repairs]
        self.assertEqual(costs, sorted(costs))
        kinds = {r["kind"] for r in repairs}
        self.assertLessEqual({"DMB ST", "release", "DMB SY", "TSO"}, kinds)
        self.assertNotIn("DMB LD", kinds)

    def test_reader_side(self):
        kinds = [r["kind"] for r in self.repairs(message_passing(writer="DMB SY"))]
        self.assertEqual(kinds[0], "DMB LD")
        self.assertLessEqual({"acquire (RCpc)", "acquire", "DMB SY", "TSO"}, set(kinds))

    def test_every_repair_works(self):
        for index, repair in enumerate(self.repairs(message_passing(reader="DMB LD"))):
            if repair["kind"].startswith("DMB"):
                fixed = message_passing(writer=repair["kind"], reader="DMB LD")
                found = self.json("explain", self.file(fixed, f"fixed{index}.litmus"))
                self.assertFalse(found["allowed"], repair)

    def test_none_suffices(self):
        self.assertEqual(self.repairs(store_buffering(), status=DIFFERS), [])
        result = isobar("explain", "--repair", self.file(store_buffering()))
        self.assertIn("No single strengthening", result.stdout)

    def test_labels_stay_before_the_barrier(self):
        text = litmus("loop", "0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x;",
                      [["MOV W0,#1", "STR W0,[X1]", "B L", "NOP", "L: STR W0,[X3]"],
                       ["LDR W0,[X1]", "DMB LD", "LDR W2,[X3]"]], r"exists (1:X0=1 /\ 1:X2=0)")
        self.assertEqual(self.repairs(text)[0]["kind"], "DMB ST")

    def test_scenario_text_is_changed_at_the_instruction(self):
        repairs = self.repairs(SCENARIO, name="t.yaml")
        self.assertEqual((repairs[0]["kind"], repairs[0]["cost"]), ("DMB ST", 1))
        self.assertIn("writer: DMB ST before STR X0, [X3] (line 10)", repairs[0]["change"])


class Flavours(Case):
    def states(self, text, name="t.litmus"):
        report = self.json("flavours", self.file(text, name))
        self.assertEqual(report["status"], "complete")
        return {m["machine"]: m for m in report["machines"]}

    def test_tso_forbids_message_passing(self):
        machines = self.states(message_passing())
        self.assertEqual(list(machines), ["weak", "t1", "t2", "t3"])
        self.assertEqual(machines["t1"]["removed_from_weak"], ["1:X0=1;1:X2=0"])
        for machine in machines.values():
            self.assertEqual(machine["added_to_weak"], [])
            self.assertEqual(sorted(machine["states"]), machine["states"])

    def test_flavour_t2_orders_stores_before_ldar(self):
        machines = self.states(store_buffering(load="LDAR"))
        self.assertEqual(machines["t2"]["removed_from_t1"], ["0:X3=0;1:X3=0"])
        self.assertEqual(machines["t3"]["removed_from_t1"], [])
        self.assertEqual(machines["weak"]["added_to_t1"], [])

    def test_flavour_t3_makes_atomics_fences(self):
        text = store_buffering(fence="LDADD W4,W5,[X6]").replace("1:X2=y;", "1:X2=y; 0:X6=z; 1:X6=w;")
        self.assertEqual(self.states(text)["t3"]["removed_from_t1"], ["0:X3=0;1:X3=0"])

    def test_mixed_setting_of_the_file(self):
        text = message_passing(reader="DMB LD").replace("AArch64 MP\n", "AArch64 MP\nTSO=P0\n")
        machines = self.states(text)
        self.assertEqual(list(machines)[4:], ["mixed t1", "mixed t2", "mixed t3"])
        self.assertEqual(machines["mixed t1"]["removed_from_weak"], ["1:X0=1;1:X2=0"])

    def test_text_is_a_table(self):
        result = isobar("flavours", self.file(message_passing()))
        self.assertEqual(result.returncode, AS_EXPECTED)
        self.assertRegex(result.stdout, r"(?m)^t1 +every core TSO, flavour T1 +3 +\+0 -1 +-$")
        self.assertRegex(result.stdout, r"(?m)^yes +no +no +no +1:X0=1; 1:X2=0;$")

    def test_bounds(self):
        report = self.json("flavours", "--max-states", 1, self.file(large()), status=UNDETERMINED)
        self.assertEqual(report["status"], "undetermined")


class WrongUse(Case):
    def test_unknown_item_has_its_column(self):
        result = isobar("explain", "--outcome", "0:X3=1; 1:X9=2", self.file(store_buffering()))
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertRegex(result.stderr, r"--outcome:1:9: error: .*1:X9")

    def test_empty_outcome(self):
        result = isobar("explain", "--outcome", " ; ", self.file(store_buffering()))
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertIn("--outcome:1:1", result.stderr)

    def test_bad_file(self):
        for command in ["explain", "flavours"]:
            result = isobar(command, self.file("AArch64 broken\n{ 0:X1=x; }\n P0 ;\n FROB X1 ;\n"))
            self.assertEqual(result.returncode, BAD_INPUT)
            self.assertRegex(result.stderr, r"t\.litmus:4:\d+: error:")

    def test_bound(self):
        found = self.json("explain", "--max-states", 1, self.file(large()), status=UNDETERMINED)
        self.assertEqual((found["status"], found["allowed"]), ("undetermined", None))


if __name__ == "__main__":
    unittest.main()
