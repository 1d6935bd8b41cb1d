"""isobar hunt: exit statuses, JSON, traces that replay, and Ctrl-C."""

import json
import pathlib
import shlex
import signal
import subprocess
import tempfile
import time
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, BINARY, DIFFERS, ROOT, UNDETERMINED, isobar
from run_elf_test import assembled, exit_group

ALGORITHMS = pathlib.Path("scenarios/algorithms")
STORE_BUFFERING = """AArch64 SB
{0:X1=x; 0:X2=y; 1:X1=y; 1:X2=x;}
 P0          | P1          ;
 MOV W0,#1   | MOV W0,#1   ;
 STR W0,[X1] | STR W0,[X1] ;
 LDR W3,[X2] | LDR W3,[X2] ;
exists (0:X3=0 /\\ 1:X3=0)
"""


class Hunt(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.trace = self.folder / "hunt.trace"

    def hunt(self, *arguments):
        return isobar("hunt", "--trace", self.trace, *arguments)

    def test_a_failure_is_shrunk_and_replays(self):
        for strategy in ("random", "pct", "delay"):
            result = self.hunt("--json", "--strategy", strategy, ALGORITHMS / "ticket-lock-broken.yaml")
            self.assertEqual(result.returncode, DIFFERS, result.stderr)
            report = json.loads(result.stdout)
            self.assertEqual((report["format"], report["status"]), ("isobar-hunt/1", "found"))
            self.assertEqual(report["found"]["what"], "sometimes counter != 2")
            before, after = report["shrunk"]["before"], report["shrunk"]["after"]
            self.assertLessEqual(after["switches"], before["switches"])
            self.assertLessEqual(after["switches"], 2)
            replay = json.loads(isobar("replay", "--json", self.trace).stdout)
            self.assertTrue(replay["same"])
            self.assertEqual((replay["state"], replay["transitions"]), (report["found"]["state"], after["steps"]))

    def test_nothing_is_found_in_a_correct_algorithm(self):
        result = self.hunt("--runs", 300, "--jobs", 2, ALGORITHMS / "ticket-lock.yaml")
        self.assertEqual(result.returncode, AS_EXPECTED, result.stderr)
        self.assertIn("Nothing found", result.stdout)
        self.assertFalse(self.trace.exists())

    def test_the_condition_of_a_litmus_test_or_another_state(self):
        test = self.folder / "SB.litmus"
        test.write_text(STORE_BUFFERING, encoding="utf-8")
        self.assertEqual(self.hunt(test).returncode, DIFFERS)
        self.assertEqual(self.hunt("--outcome", "0:X3=1; 1:X3=1", test).returncode, DIFFERS)
        self.assertEqual(self.hunt("--tso", "all", "--outcome", "0:X3=2", "--runs", 50, test).returncode, AS_EXPECTED)

    def test_a_race_is_told_with_both_lines(self):
        file = self.folder / "race.yaml"
        text = pathlib.Path(ROOT / ALGORITHMS / "test-and-set-lock.yaml").read_text(encoding="utf-8")
        file.write_text(text.replace("counter: {", "counter: {race_free: true, "), encoding="utf-8")
        self.assertEqual(self.hunt("--runs", 50, file).returncode, AS_EXPECTED)
        file.write_text(text.replace("counter: {", "counter: {race_free: true, ").replace("swpa ", "swp "), encoding="utf-8")
        result = self.hunt("--runs", 50, "--json", file)
        self.assertEqual(result.returncode, DIFFERS, result.stderr)
        found = json.loads(result.stdout)["found"]
        self.assertIn(found["kind"], ("data race", "assertion"))
        self.assertTrue(json.loads(isobar("replay", "--json", self.trace).stdout)["same"])

    def test_programs_are_hunted_and_run_again(self):
        program = self.folder / "program"
        program.write_bytes(assembled(exit_group(0)))
        self.assertEqual(self.hunt("--runs", 5, "--jobs", 2, program).returncode, AS_EXPECTED)
        program.write_bytes(assembled(exit_group(3)))
        self.assertEqual(self.hunt("--exit", 3, "--runs", 5, program).returncode, AS_EXPECTED)
        self.assertFalse(self.trace.exists())
        for strategy in ("random", "pct", "delay"):
            result = self.hunt("--json", "--seed", 9, "--strategy", strategy, program, "two words")
            self.assertEqual(result.returncode, DIFFERS, result.stderr)
            found = json.loads(result.stdout)["found"]
            self.assertEqual((found["run"], found["seed"], found["what"]), (1, 9, "exit status 3"))
            self.assertEqual(isobar(*shlex.split(found["command"])[1:]).returncode, 3)
        # IRG X0, X0: undefined without FEAT_MTE.
        program.write_bytes(assembled([0x9ADF1000] + exit_group(3)))
        found = json.loads(self.hunt("--json", "--mte", "--env", "A=b c", program).stdout)["found"]
        self.assertEqual(found["what"], "exit status 3")
        self.assertEqual(isobar(*shlex.split(found["command"])[1:]).returncode, 3)
        self.assertIn("killed by signal 4", self.hunt(program).stdout)
        program.write_bytes(assembled([0x14000000]))  # a branch to itself
        self.assertIn("limit", self.hunt("--limit", 1000, program).stdout)

    def test_a_schedule_belongs_to_its_program(self):
        program = self.folder / "program"
        program.write_bytes(assembled(exit_group(3)))
        self.hunt(program, "word")
        good = self.trace.read_text(encoding="utf-8")

        def again(text, *arguments):
            self.trace.write_text(text, encoding="utf-8")
            return isobar("run-elf", "--schedule", self.trace, program, *arguments)

        self.assertEqual(again(good, "word").returncode, 3)
        head = "".join(good.splitlines(keepends=True)[:6])
        for text, arguments, where in [
            (good, ["other"], ":5:11: error: the schedule was made with other arguments"),
            (good.replace("program ", "program 0", 1).replace("0\n", "\n", 1), ["word"], ":2:"),
            (good.replace("cores 2", "cores 0"), ["word"], ":3:"),
            (good.replace("seed 1", "seed x"), ["word"], ":4:6: error: expected a number"),
            (good.replace("schedule/1", "schedule/9"), ["word"], ":1:1: error: expected \"isobar-schedule/1\""),
            (head + "1000 0 1\n1000 7 1\n", ["word"], ":8:7: error: expected a core below 2"),
            (head + "1000 0 1\n1004 0 1\n", ["word"], ":8:1: error: thread 1004 cannot run here"),
            ("", ["word"], ":1:1: error"),
        ]:
            result = again(text, *arguments)
            self.assertEqual(result.returncode, BAD_INPUT, (text, result.stderr))
            self.assertIn(where, result.stderr)

    def compiled(self, name):
        program = pathlib.Path(BINARY).parent / "tests/programs" / name
        if not program.exists():
            self.skipTest(f"{name} was not built: no cross compiler")
        return program

    def test_a_race_in_a_program_is_told_again(self):
        program = self.compiled("races")
        result = self.hunt("--json", "--race-free", "counter", program, "counter")
        self.assertEqual(result.returncode, DIFFERS, result.stderr)
        found = json.loads(result.stdout)["found"]
        self.assertRegex(found["what"], r"data race on counter: thread \d+ (reads|writes) it at count\+0x")
        again = isobar(*shlex.split(found["command"])[1:])
        self.assertEqual(again.returncode, UNDETERMINED)
        self.assertIn(found["what"], again.stderr)
        for memory in ("missing", "counter+x", "counter+0", "0x1000", "_start+"):
            self.assertEqual(self.hunt("--race-free", memory, program, "counter").returncode, BAD_INPUT)

    def test_weak_order_is_found_in_detail(self):
        program = self.compiled("races")
        message = ("message", "relaxed", "relaxed")
        result = self.hunt("--json", "--mode", "detailed", program, *message)
        if "without SystemC" in result.stderr:
            self.skipTest("built without SystemC")
        self.assertEqual(result.returncode, DIFFERS, result.stderr)
        found = json.loads(result.stdout)["found"]
        self.assertEqual(found["what"], "killed by signal 6")
        self.assertEqual(isobar(*shlex.split(found["command"])[1:]).returncode, 128 + 6)
        self.assertIn("data race on message", self.hunt("--runs", 4, program, *message).stdout)
        self.assertEqual(self.hunt("--mode", "detailed", "--runs", 4, "--tso", "all", program, *message).returncode, AS_EXPECTED)
        for wrong in (["--strategy", "pct", "--mode", "detailed"], ["--mode", "detailed", "--race-free", "value"], ["--tso", "all"]):
            self.assertEqual(self.hunt(*wrong, program, *message).returncode, BAD_INPUT)

    def test_bad_input(self):
        self.assertEqual(self.hunt("missing.yaml").returncode, BAD_INPUT)
        self.assertEqual(self.hunt("--strategy", "best", ALGORITHMS / "dekker.yaml").returncode, BAD_INPUT)
        self.assertEqual(self.hunt("--runs", "0", ALGORITHMS / "dekker.yaml").returncode, BAD_INPUT)

    def test_an_interrupt_keeps_what_was_seen(self):
        command = [BINARY, "hunt", "--json", "--runs", "100000000", str(ALGORITHMS / "dekker.yaml")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            report = json.loads(process.communicate(timeout=60)[0])
        self.assertEqual(process.returncode, UNDETERMINED)
        self.assertEqual(report["status"], "stopped")
        self.assertGreater(report["runs"], 0)
        self.assertGreater(report["distinct"], 0)


if __name__ == "__main__":
    unittest.main()
