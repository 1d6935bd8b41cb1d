"""isobar cost: what mappings cost on timed cores; timing models."""

import json
import pathlib
import tempfile
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, ROOT, isobar

PRIVATE = ["store-hits", "store-misses", "miss-then-hits", "load-hits", "load-misses", "pointer-chase", "copy", "mixed"]
MODELS = ["apple-m1-like", "neoverse-n1-like", "default"]


def costs(*arguments):
    result = isobar("cost", "--json", *arguments)
    assert result.returncode == AS_EXPECTED, result.stderr
    return [c for c in map(json.loads, result.stdout.splitlines()) if c["status"] != "mean"]


class Costs(unittest.TestCase):
    def test_order_never_makes_private_data_faster(self):
        chain = ["fex-off-lse", "hardware-tso", "fex-half-barrier"]
        for model in MODELS:
            cycles = {(c["workload"], c["mapping"]): c["cycles"]
                      for c in costs("--timing", model, "--mapping", ",".join(chain), *PRIVATE)}
            self.assertEqual(len(cycles), len(PRIVATE) * len(chain))
            for workload in PRIVATE:
                plain, tso, fenced = (cycles[workload, m] for m in chain)
                self.assertLessEqual(plain, tso, (model, workload))
                self.assertLessEqual(plain, fenced, (model, workload))

    def test_cycles_go_somewhere(self):
        for c in costs("--timing", "apple-m1-like", "--mapping", "fex-off-lse,qemu-7.2-lse", "copy", "atomic-contention"):
            self.assertAlmostEqual(sum(c["causes"].values()), c["cycles"], delta=0.02 * c["cycles"] + 0.1)

    def test_barriers_are_named_as_the_cause(self):
        c, = costs("--timing", "apple-m1-like", "--mapping", "qemu-7.2-lse", "store-hits")
        self.assertGreater(c["causes"]["barrier"], c["cycles"] / 2)

    def test_stores_behind_a_miss_wait_in_tso(self):
        c, = costs("--timing", "apple-m1-like", "--mapping", "hardware-tso", "miss-then-hits")
        self.assertGreater(c["ratio"], 1.5)
        self.assertGreater(c["causes"]["order"], c["cycles"] / 2)

    def test_few_outstanding_misses_cost_more(self):
        text = (ROOT / "timing/apple-m1-like.yaml").read_text(encoding="utf-8")
        for key, workload in [("store_misses", "store-misses"), ("load_misses", "load-misses")]:
            with tempfile.TemporaryDirectory() as folder:
                few = pathlib.Path(folder, "few.yaml")
                few.write_text(text.replace(f"{key}: 28", f"{key}: 1"), encoding="utf-8")
                many, one = (costs("--timing", t, "--mapping", "fex-off-lse", workload)[0]["cycles"]
                             for t in ["apple-m1-like", few])
            self.assertLess(many, 4)
            self.assertGreaterEqual(one, 17)  # one way to the L2 after the other

    def test_loads_that_wait_for_their_order_are_replayed(self):
        plain, tso = costs("--timing", "apple-m1-like", "--mapping", "fex-off-lse,hardware-tso", "read-shared")
        self.assertEqual(plain["causes"]["replay"], 0)
        self.assertGreater(tso["causes"]["replay"], 1)
        self.assertGreater(tso["ratio"], 1)

    def test_runs_repeat(self):
        arguments = ["--timing", "neoverse-n1-like", "--mapping", "fex-ldapr", "spinlock", "false-sharing"]
        self.assertEqual(costs(*arguments), costs(*arguments))

    def test_means_are_of_the_ratios(self):
        lines = isobar("cost", "--json", "--timing", "apple-m1-like", "--mapping", "hardware-tso", "pointer-chase", "miss-then-hits").stdout
        first, second, mean = map(json.loads, lines.splitlines())
        self.assertEqual((mean["status"], mean["workloads"]), ("mean", 2))
        self.assertAlmostEqual(mean["ratio"] ** 2, first["ratio"] * second["ratio"])

    def test_text(self):
        result = isobar("cost", "--timing", "default", "--mapping", "hardware-tso", "pointer-chase")
        self.assertEqual(result.returncode, AS_EXPECTED, result.stderr)
        self.assertIn("pointer-chase on default: 1 thread", result.stdout)
        self.assertLessEqual(max(map(len, result.stdout.splitlines())), 140)


class Publications(unittest.TestCase):
    DOCUMENT = (ROOT / "docs/cost.md").read_text(encoding="utf-8")

    def test_the_document_has_what_the_command_prints(self):
        rows = list(map(json.loads, isobar("cost", "--published", "--json").stdout.splitlines()))
        self.assertGreater(len(rows), 20)
        for r in rows:
            self.assertEqual(r["status"], "published")
            self.assertIn(f"| {r['what']} | `{r['timing']}` | {r['published']} | {r['model']:.2f} | {r['unit']} | {r['source']} |\n",
                          self.DOCUMENT)
        text = isobar("cost", "--published").stdout
        self.assertEqual(len(text.splitlines()), 1 + len(rows))
        self.assertLessEqual(max(map(len, text.splitlines())), 140)

    def test_the_document_has_the_costs(self):
        head, _, rest = self.DOCUMENT.partition("| workload | plain |")
        names = [line.split("`")[1] for line in rest.partition("\n\n")[0].splitlines() if line.startswith("| `")]
        mappings = ["fex-off-lse", "hardware-tso", "fex-ldapr", "fex-ldar-lse", "qemu-7.2-lse", "risotto"]
        measured = {(c["workload"], c["mapping"]): c for c in
                    costs("--timing", "apple-m1-like", "--mapping", ",".join(mappings), *names)}
        self.assertGreater(len(names), 10)
        for n in names:
            ratios = " | ".join(f"{measured[n, m]['ratio']:.2f}" for m in mappings[1:])
            self.assertIn(f"| `{n}` | {measured[n, mappings[0]]['cycles']:.2f} | {ratios} |\n", self.DOCUMENT)

    def test_parameters_can_be_set(self):
        plain, = costs("--timing", "apple-m1-like", "timing/instructions/isb.litmus")
        changed, = costs("--timing", "apple-m1-like", "--set", "isb=128,early_loads=false", "timing/instructions/isb.litmus")
        self.assertEqual((plain["mapping"], plain["ratio"]), ("as it is", 1))
        self.assertAlmostEqual(changed["cycles"] - plain["cycles"], 8 * 100, delta=1)
        for wrong in ["isb", "isb=x", "isb=100001", "icebergs=1", "early_loads=1", "title=x"]:
            result = isobar("cost", "--set", wrong, "mixed")
            self.assertEqual(result.returncode, BAD_INPUT, wrong)
            self.assertIn(wrong, result.stderr)
        self.assertEqual(isobar("cost", "--published", "mixed").returncode, BAD_INPUT)

    def test_untranslated_workloads_count_x28(self):
        text = (ROOT / "timing/instructions/cas.litmus").read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "w.litmus"
            file.write_text(text.replace("0:X1=a;", "0:X1=a; 0:X28=3;"), encoding="utf-8")
            result = isobar("cost", "--timing", "default", file)
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertRegex(result.stderr, r"w\.litmus:6:\d+: error: X28")


class Models(unittest.TestCase):
    def test_the_default_model_is_the_platform_as_it_is(self):
        scenario = "scenarios/services/cost.yaml"
        variant = ["--variant", "membarrier_dic", "--seed", 3]
        digests = [[r["digest"] for r in json.loads(isobar("run", "--json", *more, *variant, scenario).stdout)["runs"]]
                   for more in [[], ["--timing", "default"]]]
        self.assertEqual(digests[0], digests[1])

    def test_scenarios_name_a_model(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "named.yaml"
            text = ("description: d\nmemory: {x: 0}\nrun: {how: timed, timing: NAME}\nexpect: [{always: x == 0, why: w}]\n"
                    "threads:\n  t:\n    asm: |\n      LDR X0, =x\n      LDR X1, [X0]\n")
            cycles = {}
            for name in ["default", "apple-m1-like"]:
                file.write_text(text.replace("NAME", name), encoding="utf-8")
                cycles[name] = json.loads(isobar("run", "--json", file).stdout)["runs"][0]["ticks"]
                given = json.loads(isobar("run", "--json", "--timing", "default", file).stdout)["runs"][0]["ticks"]
                self.assertEqual(given, cycles["default"])
            self.assertNotEqual(cycles["default"], cycles["apple-m1-like"])
            file.write_text(text.replace("NAME", "z80"), encoding="utf-8")
            result = isobar("run", file)
            self.assertEqual(result.returncode, BAD_INPUT)
            self.assertIn("named.yaml:3:27: error: timing: there is no such timing model", result.stderr)

    def test_every_system_call_pays_for_entry_and_return(self):
        scenario = """name: calls
description: system calls
machine: {cores: 1}
kernel: {}
run: {how: timed}
threads:
  T:
    registers: {X9: 100}
    asm: |
      again:
        MOV X8, #178
        SVC #0
        SUB X9, X9, #1
        CBNZ X9, again
expect: [{always: T.X9 == 0, why: the loop ends}]
"""
        model = (ROOT / "timing/apple-m1-like.yaml").read_text()
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "calls.yaml")
            file.write_text(scenario)
            ticks = {}
            for key in "none", "exception_entry: 50 ", "exception_return: 50 ":
                timing = pathlib.Path(folder, "timing.yaml")
                timing.write_text(model.replace(key, key.replace("50", "1050")))
                result = isobar("run", "--json", "--seed", 1, "--timing", timing, file)
                self.assertEqual(result.returncode, AS_EXPECTED, result.stdout + result.stderr)
                ticks[key.split(":")[0]] = json.loads(result.stdout)["runs"][0]["ticks"]
        for key in "exception_entry", "exception_return":
            self.assertAlmostEqual(ticks[key] - ticks["none"], 100 * 1000, delta=3000)

    def test_what_is_seen_stays_allowed(self):
        for model in MODELS:
            for file in ["scenarios/classics/mp.yaml", "scenarios/tso/actlr-switch.yaml", "scenarios/locks/spinlock.yaml"]:
                seen = isobar("run", "--json", "--how", "timed", "--timing", model, "--seed", 1, file)
                allowed = isobar("explore", "--json", file)
                for timed, full in zip(seen.stdout.splitlines(), allowed.stdout.splitlines()):
                    states = [s["state"] if isinstance(s, dict) else s for s in json.loads(full)["states"]]
                    for run in json.loads(timed)["runs"]:
                        self.assertIn(run["state"], states, (model, file))

    def check(self, change, message, line):
        text = (ROOT / "timing" / "apple-m1-like.yaml").read_text(encoding="utf-8")
        changed = change(text)
        self.assertNotEqual(text, changed)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "model.yaml"
            file.write_text(changed, encoding="utf-8")
            result = isobar("cost", "--timing", file, "mixed")
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertRegex(result.stderr, rf"model\.yaml:{line}.*{message}")

    def test_wrong_models_are_refused_with_their_place(self):
        lines = (ROOT / "timing" / "apple-m1-like.yaml").read_text(encoding="utf-8").splitlines()
        at = {name: 1 + next(i for i, s in enumerate(lines) if s.startswith(name + ":")) for name in
              ["fetch_width", "load", "l2", "icache", "early_loads", "free"]}
        self.check(lambda t: t.replace("fetch_width: 8", "fetch_width: 0"), "fetch_width", f"{at['fetch_width']}:14")
        self.check(lambda t: t.replace("fetch_width:", "fetch_with:"), "fetch_with", f"{at['fetch_width']}:1")
        self.check(lambda t: t.replace("\nl2: 18", "\nl2: 2"), "l2 is less than load", at["l2"])
        self.check(lambda t: t.replace("sets: 512", "sets: 500"), "power of two", at["icache"])
        self.check(lambda t: t.replace("early_loads: true", "early_loads: 7"), "early_loads", at["early_loads"])
        self.check(lambda t: t.replace("free: [drain", "free: [drains"), "'drains' is no parameter", at["free"])
        self.check(lambda t: t.replace("\nload: 3", "\n"), "load", "")

    def test_wrong_names_are_refused(self):
        for arguments in [["--timing", "z80", "mixed"], ["--mapping", "none", "mixed"], ["nothing"]]:
            self.assertEqual(isobar("cost", *arguments).returncode, BAD_INPUT, arguments)

    def test_wrong_workloads_are_refused_with_their_place(self):
        text = (ROOT / "timing/workloads/store-hits.litmus").read_text(encoding="utf-8")
        for old, new, place, message in [
                ("Iterations=200", "Iterations=0", "3:12", "Iterations"), ("Data=near", "Data=here", "4:6", "near or far"),
                ("Data=near", "Date=near", "4:1", "unknown key"), ("0:rdi=a;", "0:rdi=a; 0:rcx=3;", "6:25", "RCX"),
                ("rdi=a", "foo=a", "6:16", "foo")]:
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "w.litmus"
                file.write_text(text.replace(old, new), encoding="utf-8")
                result = isobar("cost", "--timing", "default", file)
            self.assertEqual(result.returncode, BAD_INPUT, new)
            self.assertRegex(result.stderr, rf"w\.litmus:{place}.*{message}")


if __name__ == "__main__":
    unittest.main()
