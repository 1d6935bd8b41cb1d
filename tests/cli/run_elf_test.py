"""isobar run-elf: streams, exit statuses, messages."""

import pathlib
import signal
import struct
import subprocess
import tempfile
import time
import unittest

from isobar_command import BAD_INPUT, BINARY, UNDETERMINED, isobar


def assembled(words):
    """A program of one segment that consists of these instructions."""
    code = b"".join(struct.pack("<I", w) for w in words)
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = 120 + len(code)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 0x1000) + code


def exit_group(status):
    return [0xD2800000 | status << 5, 0xD2800BC8, 0xD4000001]


class RunElf(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def program(self, contents):
        path = pathlib.Path(self.folder.name) / "program"
        path.write_bytes(contents if isinstance(contents, bytes) else assembled(contents))
        return path

    def test_the_exit_status_is_the_programs(self):
        for status in [0, 1, 2, 7, 255]:
            self.assertEqual(isobar("run-elf", self.program(exit_group(status))).returncode, status)

    def test_a_signal_is_128_and_its_number(self):
        result = isobar("run-elf", self.program([0]))
        self.assertEqual(result.returncode, 128 + 4)
        self.assertIn("killed by signal 4", result.stderr)

    def test_options_after_the_program_are_the_programs(self):
        result = isobar("run-elf", "--cores", "1", self.program(exit_group(5)), "--cores", "-x")
        self.assertEqual(result.returncode, 5, result.stderr)

    def test_a_loop_hits_the_limit(self):
        result = isobar("run-elf", "--limit", "1000", self.program([0x14000000]))
        self.assertEqual(result.returncode, UNDETERMINED)
        self.assertIn("the limit of 1000 instructions was reached", result.stderr)

    def test_the_user_can_end_a_loop(self):
        for mode in "functional", "detailed":
            command = [BINARY, "run-elf", "--mode", mode, str(self.program([0x14000000]))]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            _, message = process.communicate(timeout=30)
            self.assertEqual(process.returncode, UNDETERMINED, message)
            self.assertIn("interrupted", message)

    def test_bad_programs(self):
        self.assertIn("not an ELF file", self.refused(self.program(b"#!/bin/sh\n")))
        self.assertIn("No such file", self.refused("/nonexistent"))
        self.assertIn("--cores", self.refused("--cores", "99", self.program(exit_group(0))))

    def test_in_detail(self):
        result = isobar("run-elf", "--mode", "detailed", "--stats", self.program(exit_group(9)))
        self.assertEqual(result.returncode, 9, result.stderr)
        self.assertIn("in detail 2 instructions", result.stderr)
        self.assertRegex(result.stderr, "digest [0-9a-f]{32}")
        loop = isobar("run-elf", "--mode", "detailed", "--limit", "1000", self.program([0x14000000]))
        self.assertEqual(loop.returncode, UNDETERMINED, loop.stderr)

    def test_only_a_part_in_detail(self):
        nop, begin, end = 0xD503201F, 0xD5032C1F, 0xD5032C3F
        program = self.program([nop, begin, nop, nop, end] + [nop] * 300 + exit_group(3))
        for options in (["--markers"], ["--detailed-from", "0x400080", "--detailed-until", "0x400088"]):
            result = isobar("run-elf", *options, "--stats", program)
            self.assertEqual(result.returncode, 3, result.stderr)
            self.assertIn("entered 1 times", result.stderr)

    def test_options_of_detail_that_make_no_sense(self):
        program = self.program(exit_group(0))
        self.assertIn("has no symbol", self.refused("--detailed-from", "main", program))
        self.assertIn("none of them is given", self.refused("--detailed-until", "0x400078", program))
        self.assertIn("same place", self.refused("--detailed-from", "1", "--detailed-until", "1", program))
        self.assertIn("numbers of cores below 2", self.refused("--tso", "0,2", program))

    def refused(self, *arguments):
        result = isobar("run-elf", *arguments)
        self.assertEqual(result.returncode, BAD_INPUT, result)
        self.assertEqual(result.stdout, "")
        return result.stderr

    def test_system_calls_are_listed(self):
        result = isobar("run-elf", "--syscalls", self.program([0xD2807D08, 0xD4000001] + exit_group(0)))
        self.assertEqual(result.returncode, 0)
        self.assertIn("system call 1000 is not supported", result.stderr)
        self.assertIn("exit_group(0x0)", result.stderr)


class Compiled(unittest.TestCase):
    def test_streams(self):
        program = pathlib.Path(BINARY).parent / "tests" / "programs" / "hello"
        if not program.exists():
            self.skipTest("tests/programs/hello was not built: no cross compiler")
        result = isobar("run-elf", "--env", "GREETING=hi", program, "3", stdin="line\n")
        self.assertEqual(result.stdout, "argument 1: 3\nhi from page size 4096\nread: line\n")
        self.assertEqual(result.stderr, "to standard error\n")
        self.assertEqual(result.returncode, 3)


if __name__ == "__main__":
    unittest.main()
