"""What the commands print and how they end: verdicts, JSON, JUnit, bad input, bounds, Ctrl-C, traces, graphs."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree

from isobar_command import AS_EXPECTED, BAD_INPUT, BINARY, DIFFERS, ROOT, UNDETERMINED, isobar

MP_LITMUS = """AArch64 MP
{ 0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x; }
 P0          | P1          ;
 MOV W0,#1   | LDR W0,[X1] ;
 STR W0,[X1] | LDR W2,[X3] ;
 MOV W2,#1   |             ;
 STR W2,[X3] |             ;
exists (1:X0=1 /\\ 1:X2=0)
"""

ENDLESS_LITMUS = """AArch64 endless
{ 0:X1=x; 1:X1=x; }
 P0                | P1                ;
 L0:               | L1:               ;
 LDADD W2,W3,[X1]  | LDADD W2,W3,[X1]  ;
 ADD W2,W2,#1      | ADD W2,W2,#1      ;
 B L0              | B L1              ;
exists (x=1)
"""

# Two threads that count up next to each other: more interleavings than anybody waits for.
ENDLESS = """name: endless
description: A search that does not end by itself.
memory: {x: 0}
registers: {X1: x}
threads:
  P0: {asm: "again: LDADD X2, X3, [X1]\\n ADD X2, X2, #1\\n B again\\n"}
  P1: {asm: "again: LDADD X2, X3, [X1]\\n ADD X2, X2, #1\\n B again\\n"}
run: {timeout: 0, max_states: 0}
expect:
  - always: x == 0
"""

MP_YAML = """name: mp
description: Message passing.
machine: {kind: none}
memory: {data: 0, flag: 0}
registers: {X1: data, X2: flag}
threads:
  writer:
    asm: |
      MOV X0, #1
      STR X0, [X1]
      STR X0, [X2]
  reader:
    asm: |
      LDR X3, [X2]
      LDR X4, [X1]
expect:
  - EXPECTATION: reader.X3 == 1 && reader.X4 == 0
"""


class WithFolder(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def mp(self, expectation):
        return self.write("mp.yaml", MP_YAML.replace("EXPECTATION", expectation))


class Explore(WithFolder):
    def test_text_is_in_the_style_of_herd(self):
        result = isobar("explore", self.write("MP.litmus", MP_LITMUS))
        self.assertEqual(result.returncode, AS_EXPECTED, result)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], "Test MP Allowed")
        self.assertEqual(lines[1], "States 4")
        self.assertEqual(lines[2], "1:X0=0; 1:X2=0;")
        self.assertIn("Ok", lines)
        self.assertIn("Positive: 1 Negative: 3", lines)
        self.assertIn("Observation MP Sometimes 1 3", lines)

    def test_json(self):
        litmus = self.write("MP.litmus", MP_LITMUS)
        result = isobar("explore", "--json", litmus)
        self.assertEqual(result.returncode, AS_EXPECTED)
        found = json.loads(result.stdout)
        self.assertEqual(found["format"], "isobar-explore/1")
        self.assertEqual(found["name"], "MP")
        self.assertEqual(found["file"], str(litmus))
        self.assertEqual(found["status"], "complete")
        self.assertEqual(found["reason"], "")
        self.assertEqual(found["observation"], "Sometimes")
        self.assertEqual(found["states"], ["1:X0=0;1:X2=0", "1:X0=0;1:X2=1", "1:X0=1;1:X2=0", "1:X0=1;1:X2=1"])
        self.assertGreater(found["states_explored"], 0)
        self.assertGreaterEqual(found["seconds"], 0)

    def test_tso_forbids_message_passing(self):
        litmus = self.write("MP.litmus", MP_LITMUS)
        weak = json.loads(isobar("explore", "--json", "--tso", "none", litmus).stdout)
        tso = json.loads(isobar("explore", "--json", "--tso", "all", litmus).stdout)
        mixed = json.loads(isobar("explore", "--json", "--tso", "P0", litmus).stdout)
        self.assertEqual((weak["observation"], tso["observation"], mixed["observation"]),
                         ("Sometimes", "Never", "Sometimes"))

    def test_reduction_does_not_change_states(self):
        litmus = self.write("MP.litmus", MP_LITMUS)
        reduced = json.loads(isobar("explore", "--json", litmus).stdout)
        full = json.loads(isobar("explore", "--json", "--no-reduction", litmus).stdout)
        self.assertEqual(reduced["states"], full["states"])
        self.assertLessEqual(reduced["states_explored"], full["states_explored"])

    def test_many_files_keep_their_order(self):
        names = [self.write(f"t{i}.litmus", MP_LITMUS.replace("AArch64 MP", f"AArch64 T{i}")) for i in range(9)]
        result = isobar("explore", "--json", "--jobs", 4, *names)
        self.assertEqual([json.loads(line)["name"] for line in result.stdout.splitlines()], [f"T{i}" for i in range(9)])
        self.assertEqual(isobar("explore", "--json", self.folder).stdout.count("\n"), 9)

    def test_standard_input(self):
        self.assertIn("Test MP Allowed", isobar("explore", "-", stdin=MP_LITMUS).stdout)

    def test_bad_file_does_not_hide_the_others(self):
        good = self.write("a.litmus", MP_LITMUS)
        bad = self.write("b.litmus", MP_LITMUS.replace("STR W0,[X1]", "STX W0,[X1]"))
        result = isobar("explore", "--json", bad, good)
        self.assertEqual(result.returncode, BAD_INPUT)
        first, second = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual((first["status"], second["status"]), ("error", "complete"))
        self.assertRegex(first["reason"], r"b\.litmus:5:\d+: error: ")
        text = isobar("explore", bad, good)
        self.assertRegex(text.stderr, r"b\.litmus:5:\d+: error: ")
        self.assertIn("Test MP Allowed", text.stdout)

    def test_state_limit_is_undetermined(self):
        for bound in (["--max-states", 5000], ["--timeout", 0.5]):
            result = isobar("explore", "--json", *bound, self.write("endless.litmus", ENDLESS_LITMUS))
            self.assertEqual(result.returncode, UNDETERMINED, result)
            found = json.loads(result.stdout)
            self.assertEqual((found["status"], found["observation"]), ("undetermined", "Undetermined"))
            self.assertNotEqual(found["reason"], "")
        text = isobar("explore", "--max-states", 5000, self.folder / "endless.litmus")
        self.assertNotIn("\nOk\n", text.stdout)
        self.assertIn("Undetermined", text.stdout)

    def test_random_schedules_are_a_subset_and_undetermined(self):
        litmus = self.write("MP.litmus", MP_LITMUS)
        everything = set(json.loads(isobar("explore", "--json", litmus).stdout)["states"])
        for extra in ([], ["--pct", 3]):
            arguments = ["explore", "--json", "--random", 200, "--seed", 5, *extra, litmus]
            result = isobar(*arguments)
            self.assertEqual(result.returncode, UNDETERMINED)
            states = json.loads(result.stdout)["states"]
            self.assertTrue(set(states) <= everything)
            self.assertEqual(states, json.loads(isobar(*arguments).stdout)["states"])


class Run(WithFolder):
    def test_exit_status_follows_the_verdict(self):
        self.assertEqual(isobar("run", self.mp("sometimes")).returncode, AS_EXPECTED)
        wrong = isobar("run", self.mp("never"))
        self.assertEqual(wrong.returncode, DIFFERS)
        self.assertIn("FAIL", wrong.stdout)
        self.assertIn("reader.X3=1; reader.X4=0", wrong.stdout)

    def test_json_says_what_differs(self):
        found = json.loads(isobar("run", "--json", self.mp("never")).stdout)
        self.assertEqual((found["format"], found["verdict"]), ("isobar-run/1", "differs"))
        self.assertEqual(found["expectations"][0]["expect"], "never")
        self.assertIs(found["expectations"][0]["met"], False)
        self.assertEqual(len(found["states"]), 4)

    def test_junit(self):
        self.write("good.yaml", MP_YAML.replace("EXPECTATION", "sometimes"))
        self.write("wrong.yaml", MP_YAML.replace("EXPECTATION", "never"))
        self.write("broken.yaml", "name: <broken> & \"quoted\"\n")
        report = self.folder / "report.xml"
        result = isobar("run", "--junit", report, self.folder)
        self.assertEqual(result.returncode, BAD_INPUT)
        suite = ElementTree.parse(report).getroot().find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("errors")), ("3", "1", "1"))
        cases = {pathlib.Path(case.get("file")).name: case for case in suite.findall("testcase")}
        self.assertIsNotNone(cases["wrong.yaml"].find("failure"))
        self.assertIsNotNone(cases["broken.yaml"].find("error"))
        self.assertEqual(len(cases["good.yaml"]), 0)

    def test_timed_runs_are_deterministic(self):
        arguments = ["run", "--how", "timed", "--seed", 3, "--json", self.mp("sometimes")]
        first, second = (json.loads(isobar(*arguments).stdout)["runs"] for _ in range(2))
        self.assertEqual(first, second)
        self.assertRegex(first[0]["digest"], r"^[0-9a-f]{32}$")
        self.assertGreater(first[0]["instructions"], 0)


class BadScenario(WithFolder):
    def check(self, text, pattern):
        result = isobar("run", self.write("bad.yaml", text))
        self.assertEqual(result.returncode, BAD_INPUT, result)
        self.assertRegex(result.stderr, pattern)
        self.assertNotIn("internal error", result.stderr)

    def test_every_kind_of_mistake_has_a_place(self):
        good = MP_YAML.replace("EXPECTATION", "never")
        self.check(good.replace("machine:", "machin:"), r"bad\.yaml:3:1: error: .*machin")
        self.check(good + "name: again\n", r"bad\.yaml:\d+:1: error: .*name")
        self.check(good.replace("kind: none", "kind: 7"), r"bad\.yaml:3:\d+: error: ")
        self.check(good.replace("STR X0, [X1]", "STR X0, [Y1]"), r"bad\.yaml:10:\d+: error: ")
        self.check(good.replace("reader.X3 ==", "reader.X77 =="), r"bad\.yaml:\d+:\d+: error: .*X77")
        self.check(good.replace("{X1: data", "{X1: dota"), r"bad\.yaml:5:\d+: error: .*dota")
        self.check(good.replace("machine: {kind: none}", "machine: {cores: 99}"), r"bad\.yaml:3:\d+: error: ")
        self.check("a: [1, 2\n", r"bad\.yaml:\d+:\d+: error: ")
        self.check("", r"bad\.yaml:\d*:?.*error: ")
        self.check("\x00\x01", r"bad\.yaml:\d+:\d+: error: ")

    def test_all_mistakes_are_told_at_once(self):
        text = MP_YAML.replace("EXPECTATION", "never").replace("machine:", "machin:").replace("{X1: data", "{X1: dota")
        result = isobar("run", self.write("bad.yaml", text))
        self.assertRegex(result.stderr, r":3:1: error: ")
        self.assertRegex(result.stderr, r":5:\d+: error: ")

    def test_ten_thousand_threads(self):
        threads = "".join(f"  T{i}: {{asm: NOP}}\n" for i in range(10000))
        self.check(f"description: many\nthreads:\n{threads}show: []\n", r"bad\.yaml:\d+:\d+: error: ")


class BadPrograms(WithFolder):
    """Programs that go wrong on the machine: a modelled fault or a bound, never a crash."""

    def run_program(self, assembly, *options):
        text = f"description: wrong\nmemory: {{x: 0}}\nregisters: {{X1: x}}\nthreads:\n  P0: {{asm: \"{assembly}\"}}\n" \
               "expect:\n  - always: fault(P0)\n"
        return isobar("run", *options, self.write("wrong.yaml", text))

    def test_faults_are_modelled(self):
        for assembly in ["UDF #1", "MOV X2, #8\\nLDR X0, [X2]", "MOV X2, #4096\\nBR X2", "STR X0, [X30]"]:
            result = self.run_program(assembly)
            self.assertEqual(result.returncode, AS_EXPECTED, (assembly, result))

    def test_an_endless_loop_hits_the_bound(self):
        result = isobar("run", "--max-states", 500, self.write("endless.yaml", ENDLESS))
        self.assertIn(result.returncode, (DIFFERS, UNDETERMINED), result)


class CtrlC(WithFolder):
    def interrupted(self, *arguments):
        process = subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, cwd=ROOT)
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    def test_search_keeps_the_partial_result(self):
        status, output, errors = self.interrupted("explore", "--json", self.write("endless.yaml", ENDLESS))
        self.assertEqual(status, UNDETERMINED, errors)
        found = json.loads(output)
        self.assertEqual(found["status"], "undetermined")
        self.assertIn("interrupt", found["reason"])
        self.assertGreater(found["states_explored"], 0)

    def test_timed_run_keeps_the_partial_result(self):
        status, output, errors = self.interrupted("run", "--how", "timed", "--json", "--timeout", 0,
                                                  self.write("endless.yaml", ENDLESS))
        self.assertEqual(status, UNDETERMINED, errors)
        self.assertEqual(json.loads(output)["runs"][0]["limit"], "interrupted")

    def test_nothing_is_drawn_when_standard_error_is_no_terminal(self):
        _, _, errors = self.interrupted("explore", "--json", self.write("endless.yaml", ENDLESS))
        self.assertEqual(errors, "")


class Traces(WithFolder):
    def test_witnesses_replay_to_their_states(self):
        litmus = self.write("MP.litmus", MP_LITMUS)
        result = isobar("explore", "--witness", self.folder / "w", litmus)
        self.assertEqual(result.returncode, AS_EXPECTED, result)
        states = json.loads(isobar("explore", "--json", litmus).stdout)["states"]
        for number, state in enumerate(states, start=1):
            replay = isobar("replay", "--json", self.folder / "w" / f"MP-{number}.trace")
            self.assertEqual(replay.returncode, AS_EXPECTED, replay)
            self.assertEqual(json.loads(replay.stdout)["state"], state)

    def test_timed_trace_replays_to_its_digest(self):
        trace = self.folder / "mp.trace"
        ran = json.loads(isobar("run", "--how", "timed", "--json", "--trace", trace, self.mp("sometimes")).stdout)
        os.remove(self.folder / "mp.yaml")  # a trace stands alone
        replay = isobar("replay", "--json", trace)
        self.assertEqual(replay.returncode, AS_EXPECTED, replay)
        self.assertEqual(json.loads(replay.stdout)["digest"], ran["runs"][0]["digest"])

    def test_a_changed_trace_is_noticed(self):
        trace = self.folder / "mp.trace"
        isobar("run", "--how", "timed", "--trace", trace, self.mp("sometimes"))
        lines = trace.read_text().splitlines()
        self.assertGreater(len(lines), 4)
        cut = self.write("cut.trace", "\n".join(lines[:-1]) + "\n")
        self.assertEqual(isobar("replay", cut).returncode, DIFFERS)
        broken = self.write("broken.trace", "\n".join([lines[0], "{]", *lines[1:]]))
        result = isobar("replay", broken)
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertRegex(result.stderr, r"broken\.trace:2:\d+: error: ")
        twice = self.write("twice.trace", "\n".join([*lines[:2], lines[1], *lines[2:]]))
        self.assertNotEqual(isobar("replay", twice).returncode, AS_EXPECTED)


class Graphs(WithFolder):
    def test_dot_and_svg_of_every_state(self):
        litmus = self.write("MP.litmus", MP_LITMUS)
        result = isobar("explore", "--judge", "--dot", self.folder / "d", "--svg", self.folder / "s", litmus)
        self.assertEqual(result.returncode, AS_EXPECTED, result)
        self.assertIn("Judge 4 of 4 states are consistent with the axioms", result.stdout)
        self.assertIn("Axioms allow exactly these states (4 candidate executions)", result.stdout)
        self.assertEqual(len(list((self.folder / "d").glob("*.dot"))), 4)
        self.assertIn("digraph", (self.folder / "d" / "MP-3.dot").read_text())
        drawn = len(list((self.folder / "s").glob("*.svg")))
        self.assertTrue(drawn == 4 or "Graphviz" in result.stderr)

    def test_without_graphviz_dot_is_written_and_said(self):
        litmus = self.write("MP.litmus", MP_LITMUS)
        result = subprocess.run([BINARY, "explore", "--svg", self.folder / "s", litmus], capture_output=True, text=True,
                                env={"PATH": ""}, check=False)
        self.assertEqual(result.returncode, AS_EXPECTED, result)
        self.assertIn("Graphviz", result.stderr)
        self.assertEqual(len(list((self.folder / "s").glob("*.dot"))), 4)

    def test_relations_by_name(self):
        litmus = self.write("MP.litmus", MP_LITMUS)
        self.assertEqual(isobar("explore", "--relations", "rf,zz", "--dot", self.folder, litmus).returncode, BAD_INPUT)


class ImportQemu(WithFolder):
    LOG = ROOT / "scenarios" / "translator" / "qemu.log"

    def test_lists_blocks(self):
        result = isobar("import", "qemu", self.LOG)
        self.assertEqual(result.returncode, AS_EXPECTED, result)
        self.assertRegex(result.stdout, r"(?m)^ *\d+ +2  0x\w+ +writer ")

    def test_makes_a_scenario_that_runs(self):
        made = self.folder / "made.yaml"
        result = isobar("import", "qemu", self.LOG, "--thread", "writer", "--thread", "reader", "--translation", 1,
                        "--variable", "data=0x401140", "--variable", "flag=0x401180", "-o", made)
        self.assertEqual(result.returncode, AS_EXPECTED, result)
        found = json.loads(isobar("run", "--json", made).stdout)
        self.assertEqual(found["status"], "complete")
        self.assertGreaterEqual(len(found["states"]), 3)

    def test_bad_logs_and_options(self):
        cut = self.write("cut.log", self.LOG.read_text()[:3000])
        result = isobar("import", "qemu", cut)
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertRegex(result.stderr, r"cut\.log:\d+:.*error: ")
        for options in (["--thread", "nobody"], ["--thread", "writer", "--translation", 9],
                        ["--thread", "writer", "--variable", "flag"]):
            self.assertEqual(isobar("import", "qemu", self.LOG, *options).returncode, BAD_INPUT, options)


if __name__ == "__main__":
    unittest.main()
