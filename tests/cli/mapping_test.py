"""isobar mapping: the shipped mappings on the shipped x86 tests, known errors of translators found again."""

import json
import pathlib
import tempfile
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, DIFFERS, ROOT, isobar


def verdicts(mapping, *tests, options=("--no-repair",)):
    result = isobar("mapping", "check", mapping, *tests, "--json", *options)
    return {j["name"]: j for j in map(json.loads, result.stdout.splitlines()) if "name" in j}


class Findings(unittest.TestCase):
    """What docs/mappings.md lists: test and mapping, and the outcome that x86 forbids."""

    def broken(self, mapping, test, state):
        verdict = verdicts(mapping, test)[test]
        self.assertEqual(verdict["verdict"], "broken", (mapping, test))
        self.assertIn(state, verdict["forbidden"])
        self.assertTrue(verdict["witness"])

    def kept(self, mapping, *tests):
        for name, verdict in verdicts(mapping, *tests).items():
            self.assertIn(verdict["verdict"], ("correct", "stronger"), (mapping, name, verdict))

    def test_qemu_mpq(self):
        for mapping in ["qemu-7.2-lse", "qemu-7.2-llsc", "qemu-10.0-lse", "qemu-10.0-lse2", "qemu-10.0-llsc"]:
            self.broken(mapping, "MPQ", "1:rax=0;1:rbx=1")
        for mapping in ["risotto", "risotto-fenced", "arancini", "lasagne", "fex-ldapr"]:
            self.kept(mapping, "MPQ")

    def test_qemu_sbq(self):
        self.broken("qemu-7.2-llsc", "SBQ", "0:rax=0;1:rax=0")
        self.broken("qemu-10.0-llsc", "SB+cas", "0:rbx=0;1:rbx=0")
        for mapping in ["qemu-7.2-lse", "qemu-10.0-lse", "risotto"]:
            self.kept(mapping, "SBQ")

    def test_qemu_10_barrier_before_a_16_byte_store(self):
        for test, state in [("LB+vec-stores", "0:rax=1;1:rax=1"), ("S+vec-store", "1:rax=1;x[0]=2"),
                            ("WRC+vec-store", "1:rax=1;2:rax=1;2:rbx=0")]:
            self.broken("qemu-10.0-lse2", test, state)
            self.kept("qemu-10.0-lse", test)
            self.kept("qemu-7.2-lse", test)

    def test_fex_half_barrier_store_with_a_failing_cmpxchg(self):
        self.broken("fex-half-barrier", "SB+cas-fail", "0:rbx=0;1:rbx=0")
        self.kept("fex-half-barrier-loads", "SB+cas-fail")
        self.kept("fex-half-barrier", "SB+cas", "SB+xchgs", "SBQ")
        for test in ["SB+xchgs", "SB+xadds"]:
            self.broken("fex-half-barrier-llsc", test, "0:rax=0;1:rax=0")

    def test_box64_level_4(self):
        for test in ["LB+middle", "LB+last"]:
            self.broken("box64-4", test, "0:rax=1;1:rax=1")
        self.kept("box64-4", "LB", "MP", "WRC", "IRIW", "MP+vec")
        self.broken("box64-4-strong", "LB+middle", "0:rax=1;1:rax=1")
        self.kept("box64-4-strong", "LB+last")
        self.broken("box64-3", "MP", "1:rax=1;1:rbx=0")

    def test_plain_push_and_pop_under_tso(self):
        for mapping in ["fex-ldapr", "fex-ldapr-vector", "fex-ldar-lse"]:
            for test in ["MP+push-flag", "MP+pop-flag", "MP+pushes"]:
                self.broken(mapping, test, "1:rax=1;1:rbx=0")
        self.kept("qemu-7.2-lse", "MP+push-flag", "MP+pop-flag", "MP+pushes")
        self.kept("fex-hardware-tso", "MP+push-flag", "MP+pop-flag", "MP+pushes")

    def test_default_vector_accesses(self):
        for mapping in ["fex-ldapr", "fex-ldar-lse"]:
            for test in ["MP+vec", "MP+vec-flag", "MP+vec-reader", "MP+vec-writer", "MP+vec64"]:
                self.broken(mapping, test, "1:rax=1;1:rbx=0")
            self.kept(mapping, "MP+vec-data", "LB+vec-stores", "S+vec-store")
        self.kept("fex-ldapr-vector", "MP+vec", "MP+vec-flag", "MP+vec-reader", "MP+vec-writer", "MP+vec64")

    def test_exactness(self):
        """LDAPR and STLR are exactly x86 on scalars; LDAR and STLR forbid what x86 allows."""
        scalar = ["SB", "n6", "SB+rfis", "R", "RWC", "MP", "IRIW", "2+2W"]
        self.assertEqual({v["verdict"] for v in verdicts("fex-ldapr", *scalar).values()}, {"correct"})
        stronger = verdicts("fex-ldar-lse", "SB", "n6", "SB+rfis")
        self.assertEqual({v["verdict"] for v in stronger.values()}, {"stronger"})

    def test_proved_mappings(self):
        for name, verdict in verdicts("lasagne").items():
            self.assertEqual(verdict["verdict"], "correct", name)
        broken = [n for n, v in verdicts("risotto").items() if v["verdict"] == "broken"]
        self.assertEqual(broken, ["SB+cas-fail", "SB+cas-mixed"])

    def test_hardware_tso_and_failing_cmpxchg(self):
        """Whether a CAS that fails is a full barrier decides, and that is what the flavours differ in."""
        self.broken("hardware-tso", "SB+cas-fail", "0:rbx=0;1:rbx=0")
        self.kept("hardware-tso-t3", "SB+cas-fail", "SB+cas-mixed", "SB+cas", "MP+vec", "MP+pushes")

    def test_vectors_with_lrcpc3(self):
        self.kept("fex-lrcpc3", "MP+vec", "MP+vec-flag", "MP+vec-reader", "MP+vec-writer", "MP+vec64")

    def test_single_threaded_code_loses_atomicity(self):
        self.broken("qemu-7.2-single", "2xinc", "[x]=1")
        self.broken("qemu-7.2-single", "SB+mfences", "0:rax=0;1:rax=0")


class Command(unittest.TestCase):
    def test_list_and_show(self):
        listed = isobar("mapping", "list")
        self.assertEqual(listed.returncode, AS_EXPECTED)
        names = [line.split()[0] for line in listed.stdout.splitlines()]
        self.assertEqual(names, sorted(p.stem for p in (ROOT / "mappings").glob("*.yaml")))
        shown = isobar("mapping", "show", "fex-ldapr").stdout
        self.assertIn("ldapr{b} {t}, [{a}]", shown)
        self.assertIn("https://github.com/FEX-Emu/FEX", shown)
        translated = isobar("mapping", "show", "fex-ldapr", "MP").stdout
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "MP.litmus")
            path.write_text(translated, encoding="utf-8")
            self.assertIn("Observation MP+fex-ldapr Never", isobar("explore", path).stdout)

    def test_a_broken_test_has_a_witness_and_a_repair(self):
        result = isobar("mapping", "check", "fex-off-lse", "LB")
        self.assertEqual(result.returncode, DIFFERS)
        self.assertIn("x86 forbids 0:rax=1; 1:rax=1;", result.stdout)
        self.assertRegex(result.stdout, r"One way to[^\n]*\n +1\. P\d writes")
        self.assertRegex(result.stdout, r"Repair \(cost 2\): \w+: dmb ishld (before|after) it")
        both = verdicts("fex-off-lse", "MP", options=())["MP"]["repair"]
        self.assertEqual(both["cost"], 3)
        self.assertEqual(len(both["changes"]), 2)

    def test_what_is_superfluous_is_told_when_nothing_is_broken(self):
        result = isobar("mapping", "check", "lasagne", "MP", "SB+mfences")
        self.assertEqual(result.returncode, AS_EXPECTED)
        self.assertNotIn("mfence: dmb ish dropped", result.stdout)
        self.assertNotIn("load: dmb ishld dropped", result.stdout)
        fex = isobar("mapping", "check", "fex-ldar-lse", "MP", "SB", "IRIW").stdout
        self.assertIn("load: ldar{b} {t}, [{a}] becomes ldapr{b} {t}, [{a}]", fex)

        forms = isobar("mapping", "check", "lasagne", "SB+xchgs", "MP+xchg-writer").stdout
        self.assertIn("xchg: dmb ish (1 of 2) becomes dmb ishst\n", forms)
        self.assertNotIn("xchg: dmb ish (2 of 2)", forms)
        blocks = isobar("mapping", "check", "box64-1", "LB", "S").stdout
        self.assertIn("after_last_store: dmb ishst dropped", blocks)
        self.assertNotIn("before_first_store", blocks)

    def test_a_shortest_witness_has_no_failing_exclusives(self):
        witness = verdicts("qemu-7.2-llsc", "SBQ")["SBQ"]["witness"]
        self.assertLessEqual(len([step for step in witness if not step.startswith(" ")]), 10, witness)
        self.assertFalse([step for step in witness if "will fail" in step], witness)

    def test_accesses_that_have_no_acquire_or_release_form_are_repaired_with_barriers(self):
        repair = verdicts("fex-off-lse", "MP+rep-data", options=())["MP+rep-data"]["repair"]
        self.assertTrue(all("dmb" in change for change in repair["changes"]), repair)

    def test_the_axioms_allow_exactly_what_translations_do(self):
        with tempfile.TemporaryDirectory() as folder:
            for mapping in ["fex-off-lse", "fex-half-barrier", "qemu-7.2-lse", "box64-4", "hardware-tso-t3"]:
                for test in ["MPQ", "SBQ", "SB+cas-fail", "n6", "MP+pushes"]:
                    path = pathlib.Path(folder, f"{mapping}-{test}.litmus")
                    path.write_text(isobar("mapping", "show", mapping, test).stdout, encoding="utf-8")
            compared = isobar("explore", "--judge", folder).stdout
        self.assertEqual(compared.count("Axioms allow exactly these states"), 25, compared)

    def test_matrix(self):
        with tempfile.TemporaryDirectory() as folder:
            page, data = pathlib.Path(folder, "m.html"), pathlib.Path(folder, "m.json")
            result = isobar("mapping", "matrix", "MP", "SB", "--mapping", "fex-off-lse,fex-ldapr", "--html", page,
                            "--json-file", data, "--jobs", 2)
            self.assertEqual(result.returncode, AS_EXPECTED)
            self.assertRegex(result.stdout, r"fex-off-lse +1 +1 +0  X=")
            self.assertRegex(result.stdout, r"fex-ldapr +0 +2 +0  ==")
            matrix = json.loads(data.read_text(encoding="utf-8"))
            self.assertEqual(matrix["format"], "isobar-mapping-matrix/1")
            self.assertEqual(matrix["mappings"][0]["verdicts"]["MP"]["verdict"], "broken")
            html = page.read_text(encoding="utf-8")
            for part in ["<!DOCTYPE html>", "prefers-color-scheme: dark", 'class="broken"', "x86 forbids 1:rax=1;1:rbx=0"]:
                self.assertIn(part, html)
            for foreign in ["<script", "src=", "href="]:
                self.assertNotIn(foreign, html)

    def test_the_matrix_does_not_depend_on_jobs(self):
        arguments = ["mapping", "matrix", "MP", "MPQ", "SB+cas-fail", "--json"]
        self.assertEqual(isobar(*arguments).stdout, isobar(*arguments, "--jobs", 3).stdout)

    def test_generated_tests_are_reproducible_and_ldapr_with_stlr_is_x86_on_them(self):
        with tempfile.TemporaryDirectory() as folder:
            one, two = pathlib.Path(folder, "one"), pathlib.Path(folder, "two")
            for target in [one, two]:
                self.assertEqual(isobar("mapping", "generate", target, "--random", 30, "--seed", 5).returncode, AS_EXPECTED)
            texts = [[p.read_text(encoding="utf-8") for p in sorted(f.iterdir())] for f in [one, two]]
            self.assertEqual(len(texts[0]), 30)
            self.assertEqual(*texts)
        for verdict in verdicts("fex-ldapr", options=("--no-repair", "--random", 40, "--seed", 5)).values():
            self.assertEqual(verdict["verdict"], "correct", verdict)

    def test_wrong_input(self):
        cases = [(["check", "nothing"], "there is no such mapping"),
                 (["check", "fex-ldapr", "nothing.litmus"], "nothing.litmus"),
                 (["check"], "required"), ([], "required")]
        for arguments, message in cases:
            result = isobar("mapping", *arguments)
            self.assertEqual(result.returncode, BAD_INPUT, arguments)
            self.assertIn(message, result.stderr)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "bad.yaml")
            path.write_text("title: T\noperations: {lode: nop}\n", encoding="utf-8")
            result = isobar("mapping", "check", path)
            self.assertEqual(result.returncode, BAD_INPUT)
            self.assertRegex(result.stderr, r"bad\.yaml:2:14: error: unknown operation 'lode'; did you mean 'load'\?")
            arm = pathlib.Path(folder, "arm.litmus")
            arm.write_text("AArch64 A\n{}\n P0 ;\n NOP ;\nforall (true)\n", encoding="utf-8")
            result = isobar("mapping", "check", "fex-ldapr", arm)
            self.assertIn("expected a test for X86_64", result.stderr)


if __name__ == "__main__":
    unittest.main()
