"""docs/kernel-shim.md has a row for every rule, and what the rows name exists."""

import fnmatch
import re
import unittest

from isobar_command import ROOT

RULES = {"E": 6, "MM": 11, "CS": 5, "MB": 14, "CF": 5, "RS": 10, "SG": 9, "MT": 9, "TK": 8}
DOCUMENT = (ROOT / "docs/kernel-shim.md").read_text(encoding="utf-8")


def rows():
    """rule -> (where, test, Linux)"""
    found = {}
    for line in DOCUMENT.splitlines():
        match = re.match(r"\| ([A-Z]+-\d+) \| ([^|]+) \| ([^|]*) \| ([^|]+) \| ([^|]+) \|$", line)
        if match:
            assert match[1] not in found, match[1]
            found[match[1]] = (match[3], match[4], match[5])
    return found


def tests():
    text = "".join(f.read_text(encoding="utf-8") for area in ["kernel", "linux_user"]
                   for f in (ROOT / "tests" / area).glob("*.cpp"))
    return re.findall(r"\nTEST(?:_F|_P)?\(\w+, (\w+)\)", text)


class Rules(unittest.TestCase):
    def test_every_rule_has_a_row(self):
        expected = {f"{family}-{n}" for family, count in RULES.items() for n in range(1, count + 1)}
        self.assertEqual(expected - set(rows()), set())

    def test_what_the_rows_name_exists(self):
        names = tests()
        self.assertGreater(len(names), 60)
        for rule, (_, test, linux) in rows().items():
            self.assertTrue(linux.strip(), rule)
            named = re.findall(r"`([^`]+)`", test)
            self.assertTrue(named, rule)
            for name in named:
                if "/" in name:
                    self.assertTrue((ROOT / "scenarios" / f"{name}.yaml").exists(), f"{rule}: {name}")
                else:
                    self.assertTrue(fnmatch.filter(names, name), f"{rule}: {name}")

    def test_where_a_rule_is_implemented_exists(self):
        for rule, (where, _, _) in rows().items():
            for name in re.findall(r"`([^`]+)`", where):
                folder = "kernel-shim/asm" if name.endswith(".S") else "kernel-shim" if "/" not in name else ""
                self.assertTrue((ROOT / folder / name).exists(), f"{rule}: {name}")

    def test_policies_name_scenarios_that_exist(self):
        table = re.findall(r"\n\| (P\d+) \|.*\| ([^|]+) \|(?=\n)", DOCUMENT)
        self.assertEqual([p for p, _ in table], [f"P{n}" for n in range(16)])
        for policy, cell in table:
            for name in re.findall(r"`([^`]+)`", cell):
                path = name if "/" in name else f"policies/{name}"
                self.assertTrue(list((ROOT / "scenarios").glob(f"{path}.yaml")), f"{policy}: {name}")


if __name__ == "__main__":
    unittest.main()
