"""isobar step: commands from a script or a pipe, to a chosen outcome and back, traces that replay, errors."""

import json
import pathlib
import tempfile
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, isobar

MP = "scenarios/classics/mp.yaml"
BAD = "reader.X3=1; reader.X4=0;"


def session(*lines, file=MP, variant="weak", options=()):
    """What each line printed, after a first block with the greeting."""
    chosen = ["--variant", variant] if variant else []
    done = isobar("step", file, *chosen, *options, stdin="".join(line + "\n" for line in lines))
    assert done.returncode == AS_EXPECTED, done.stderr
    blocks = [[]]
    for line in done.stdout.splitlines():
        if line.startswith("> "):
            blocks.append([])
        else:
            blocks[-1].append(line)
    return ["\n".join(block) for block in blocks]


def number_of(listing, words):
    """The number of the step in `listing` whose line has these words."""
    for line in listing.splitlines():
        if words in line and line.split()[0].isdigit():
            return line.split()[0]
    raise AssertionError(f"no step '{words}' in:\n{listing}")


def lines_for(*words, **options):
    """Commands that take the steps with these words, one after another."""
    lines = []
    for w in words:
        lines.append(number_of(session(*lines, "list", **options)[-1], w))
    return lines


class Step(unittest.TestCase):
    def test_message_passing_by_hand_with_undo(self):
        """Every step is chosen by its words, as a reader would; one wrong turn is taken back."""
        lines = lines_for(*[f"fetches {i}" for i in ("MOV X0", "STR X0, [X1]", "STR X0, [X2]", "LDR X3", "LDR X4")])

        def take(words):
            lines.append(number_of(session(*lines, "list")[-1], words))
            return session(*lines)[-1]

        self.assertIn("reads data = 0", take("reads data = 0 from memory"))
        self.assertIn("LDR X3, [X2] (line 21) has not been satisfied yet", session(*lines)[-1])
        self.assertIn("reads flag = 0", take("reads flag = 0 from memory"))
        lines.append("undo")
        self.assertIn("read flag: not yet", session(*lines, "show")[-1])
        take("writes flag = 1 to memory")
        take("reads flag = 1 from memory")
        end = take("writes data = 1 to memory")
        self.assertIn("finished", end)
        self.assertIn(f"outcome: {BAD}", end)

    def test_shortest_run_is_followed_saved_and_replayed(self):
        with tempfile.TemporaryDirectory() as folder:
            trace = pathlib.Path(folder) / "bad.trace"
            blocks = session("follow", "redo", "jump end", f"save {trace}", "reset", f"load {trace}", "jump end")
            self.assertIn(f"outcome: {BAD}", blocks[3])
            self.assertIn(f"outcome: {BAD}", blocks[7])
            replayed = json.loads(isobar("replay", "--json", trace).stdout)
            self.assertTrue(replayed["same"])
            self.assertEqual(replayed["state"], BAD)

    def test_reasons_name_what_is_waited_for(self):
        fetches = lines_for(*[f"fetches {i}" for i in ("MOV X0", "STR X0, [X1]", "STR X0, [X2]")], variant="tso")
        waits = session(*fetches, "why", variant="tso")[-1]
        self.assertIn("waits until STR X0, [X1] (line 17) reaches memory, because of TSO [T-W]", waits)
        jit = {"file": "scenarios/jit/publish.yaml", "variant": "plain"}
        code = lines_for("fetches STR W3", "fetches DC CVAU", "fetches DSB ISH", "fetches IC IVAU", "writes jit", **jit)
        waits = session(*code, "why", **jit)[-1]
        self.assertIn("waits until DC CVAU, X1 (line 23) of jit completes [G14]", waits)
        self.assertIn("waits for DSB ISH (line 24) until DC CVAU, X1 (line 23) of jit completes [G14]", waits)

    def test_the_same_seed_gives_the_same_run(self):
        first, second = (isobar("step", MP, "--variant", "weak", "--seed", "5", stdin="history\n") for _ in range(2))
        self.assertEqual(first.stdout, second.stdout)
        self.assertIn("outcome: reader.X3=", first.stdout)

    def test_script_and_json(self):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder) / "script"
            script.write_text("# a remark\njson step 1\nquit\nfly\n")
            done = isobar("step", MP, "--variant", "weak", "--script", script)
            self.assertEqual(done.returncode, AS_EXPECTED)
            self.assertNotIn("fly", done.stdout)
            result = next(json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
            self.assertEqual(result["command"], "step")
            self.assertEqual(result["state"]["position"], 1)

    def test_wrong_commands_are_told_and_the_session_goes_on(self):
        blocks = session("fly", "step 99", "undo", "load nowhere.trace", f"load {MP}", "list")
        self.assertIn("error: unknown command 'fly'", blocks[1])
        self.assertIn("expected 1 to 2", blocks[2])
        self.assertIn("nothing to undo", blocks[3])
        self.assertIn("nowhere.trace: error:", blocks[4])
        self.assertIn(f"{MP}:1:", blocks[5])
        self.assertIn("   1  writer fetches", blocks[6])

    def test_bad_files_are_bad_input(self):
        self.assertEqual(isobar("step", "nowhere.litmus").returncode, BAD_INPUT)
        self.assertEqual(isobar("step", MP, "--variant", "odd").returncode, BAD_INPUT)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "bad.yaml"
            file.write_text("name: x\nthreads:\n  P0:\n    asm: |\n      FLY X0\n")
            done = isobar("step", file)
            self.assertEqual(done.returncode, BAD_INPUT)
            self.assertRegex(done.stderr, r"bad\.yaml:5:\d+: error: ")
        self.assertEqual(isobar("step", MP, "--script", "nowhere").returncode, BAD_INPUT)


if __name__ == "__main__":
    unittest.main()
