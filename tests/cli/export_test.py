"""isobar export: what viewers are given is well-formed and tells the same run as its trace."""

import json
import pathlib
import tempfile
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, ROOT, isobar

LOOP = """name: Two
description: Two cores with a counter, private data and a mispredicted branch.
machine: {kind: none}
memory: {shared: 0, own: {count: 8}, other: {count: 8}}
registers: {X1: shared, X5: 20, X6: 1}
run: {how: timed}
threads:
"""
BODY = """    registers: {X2: %s}
    asm: |
      again:
        LDR X4, [X2]
        ADD X4, X4, X5
        STR X4, [X2]
        LDADD X6, X4, [X1]
        TBZ X4, #0, even
        MOV X7, #1
      even:
        SUBS X5, X5, #1
        B.NE again
"""


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder_object = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder_object.cleanup)
        cls.folder = pathlib.Path(cls.folder_object.name)
        (cls.folder / "two.yaml").write_text(LOOP + "".join(f"  P{n}:\n{BODY % place}" for n, place in
                                                            enumerate(["own", "other"])) + "show: [shared]\n")
        cls.trace = cls.folder / "two.trace"
        result = isobar("run", "--json", "--trace", cls.trace, cls.folder / "two.yaml")
        cls.instructions = json.loads(result.stdout)["runs"][0]["instructions"]

    def export(self, form):
        result = isobar("export", form, self.trace)
        self.assertEqual((result.returncode, result.stderr), (AS_EXPECTED, ""))
        self.assertEqual(result.stdout, isobar("export", form, self.trace).stdout)
        return result.stdout

    def test_commit_log_has_every_instruction_and_ends_with_the_counter(self):
        lines = self.export("commits").splitlines()
        self.assertEqual(len(lines), self.instructions)
        times = [int(line.split()[0]) for line in lines]
        self.assertEqual(times, sorted(times))
        counter = [line for line in lines if "LDADD" in line]
        self.assertEqual(len(counter), 40)
        values = sorted(int(line.rsplit("store[", 1)[1].split("=")[1], 16) for line in counter)
        self.assertEqual(values, list(range(1, 41)))

    def test_kanata_ends_every_instruction_and_marks_discarded_ones(self):
        lines = [line.split("\t") for line in self.export("kanata").splitlines()]
        self.assertEqual(lines[:2], [["Kanata", "0004"], ["C=", "0"]])
        self.assertTrue(all(int(line[1]) > 0 for line in lines if line[0] == "C"))
        begun = [line[1] for line in lines if line[0] == "I"]
        ended = {line[1]: line[3] for line in lines if line[0] == "R"}
        self.assertEqual(sorted(begun), sorted(ended))
        self.assertEqual(list(ended.values()).count("0"), self.instructions)
        self.assertIn("1", ended.values())
        for stage in "F", "X", "SB":
            self.assertTrue(any(line[0] == "S" and line[3] == stage for line in lines), stage)

    def test_perfetto_slices_do_not_overlap_and_arrows_begin_in_one(self):
        events = json.loads(self.export("perfetto"))["traceEvents"]
        lanes = {}
        for e in events:
            if e["ph"] == "X":
                lanes.setdefault((e["pid"], e["tid"]), []).append((e["ts"], e["ts"] + e["dur"]))
        for spans in lanes.values():
            spans.sort()
            self.assertTrue(all(a[1] <= b[0] for a, b in zip(spans, spans[1:])), spans)
        arrows = [e for e in events if e["ph"] in "sf"]
        self.assertGreater(len(arrows), 40)
        for e in arrows:
            spans = lanes[e["pid"], e["tid"]]
            self.assertTrue(any(begin <= e["ts"] <= end for begin, end in spans), e)

    def test_vcd_declares_what_it_changes_and_time_grows(self):
        text = self.export("vcd")
        head, body = text.split("$enddefinitions $end\n")
        declared = {line.split()[3] for line in head.splitlines() if line.startswith("$var")}
        self.assertEqual(len(declared), 12)
        times = [int(line[1:]) for line in body.splitlines() if line.startswith("#") and line[1:].isdigit()]
        self.assertEqual(times, sorted(set(times)))
        changed = {line.split()[1] for line in body.splitlines() if line.startswith("b")}
        self.assertTrue(changed <= declared and len(changed) > 6)

    def test_traces_of_searches_have_steps_for_times(self):
        isobar("explore", "--witness", self.folder, ROOT / "scenarios/classics/mp.yaml")
        for trace in sorted(self.folder.glob("MP*.trace"))[:3]:
            self.assertIn("one time unit is a step", isobar("export", "vcd", trace).stdout)

    def test_page_has_the_run_and_timed_runs_are_refused(self):
        isobar("explore", "--witness", self.folder, ROOT / "scenarios/classics/sb.yaml")
        traces = sorted(self.folder.glob("SB*.trace"))
        self.assertTrue(traces)
        page = isobar("export", "page", traces[0]).stdout
        data, _ = json.JSONDecoder().raw_decode(page, page.index("window.ISOBAR_EXPORT=") + len("window.ISOBAR_EXPORT="))
        self.assertNotEqual(data["recording"]["states"][-1]["state"]["outcome"], "")
        if "core" in data:
            self.assertEqual(len(data["link"]["steps"]) + 1, len(data["recording"]["states"]))
        refused = isobar("export", "page", self.trace)
        self.assertEqual(refused.returncode, BAD_INPUT)
        self.assertIn("timed", refused.stderr)

    def test_bad_input(self):
        for arguments in (["foo", self.trace], ["vcd", self.folder / "none"], ["vcd", self.folder / "two.yaml"], ["vcd"]):
            result = isobar("export", *arguments)
            self.assertEqual(result.returncode, BAD_INPUT, result)
            self.assertIn("error", result.stderr)


if __name__ == "__main__":
    unittest.main()
