"""isobar gdb: the remote protocol over a recorded run, by hand and with GDB itself."""

import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from export_test import BODY, LOOP
from isobar_command import BAD_INPUT, BINARY, ROOT, isobar

COUNTER = 0x100000


def framed(data):
    return f"${data}#{sum(data.encode()) % 256:02x}".encode()


class Recorded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        (cls.folder / "two.yaml").write_text(LOOP + "".join(f"  P{n}:\n{BODY % place}" for n, place in
                                                            enumerate(["own", "other"])) + "show: [shared]\n")
        cls.trace = cls.folder / "two.trace"
        isobar("run", "--trace", cls.trace, cls.folder / "two.yaml")


class Protocol(Recorded):
    def converse(self, data):
        return subprocess.run([BINARY, "gdb", self.trace], input=data, capture_output=True, timeout=60, check=True, cwd=ROOT).stdout

    def answers(self, *packets):
        out = self.converse(b"".join(framed(p) for p in packets) + framed("D")).decode()
        found = re.findall(r"\+\$(.*?)#[0-9a-f]{2}", out, re.S)
        self.assertEqual(found.pop(), "OK")
        return found

    def test_registers_threads_and_memory(self):
        threads, name, pc, memory, hole = self.answers("qfThreadInfo", "qThreadExtraInfo,2", "p20", f"m{COUNTER:x},8", "m10,4")
        self.assertEqual((threads, bytes.fromhex(name).decode()), ("m1,2", "P1"))
        self.assertEqual(int.from_bytes(bytes.fromhex(pc), "little"), 0x10000)
        self.assertEqual((memory, hole), ("00" * 8, "E01"))

    def test_the_end_and_the_beginning_meet_the_same_states(self):
        first, registers, end, last, begin, again = self.answers(f"m{COUNTER:x},8", "g", "c", f"m{COUNTER:x},8", "bc", "g")
        self.assertIn("replaylog:end", end)
        self.assertIn("replaylog:begin", begin)
        self.assertEqual(int.from_bytes(bytes.fromhex(first), "little"), 0)
        self.assertEqual(int.from_bytes(bytes.fromhex(last), "little"), 40)
        self.assertEqual(registers, again)

    def test_every_write_is_stopped_at(self):
        out = self.answers(f"Z2,{COUNTER:x},8", *["c", "s"] * 40, "c")
        self.assertEqual(sum("watch:100000" in o for o in out), 40)
        self.assertIn("replaylog:end", out[-1])

    def test_nothing_can_be_changed(self):
        self.assertEqual(self.answers("P0=0000000000000001", f"M{COUNTER:x},1:00", "G00"), ["E01"] * 3)

    def test_malformed_input_does_no_harm(self):
        self.assertEqual(self.converse(b"$g#00" + framed("k")), b"-+")
        self.assertEqual(self.answers("Hg77", "p9999", "mzz", "Z2,1", "vCont;s:9", "qXfer:features:read:target.xml:fffff,1"), ["E01"] * 6)
        self.converse(b"\x00\xff}$}}$$##" + b"$" + b"x" * 200000 + framed("D"))
        self.assertEqual(self.answers("", "vBogus", "!"), [""] * 3)

    def test_on_a_port(self):
        process = subprocess.Popen([BINARY, "gdb", "--port", "0", self.trace], stderr=subprocess.PIPE, text=True, cwd=ROOT)
        port = int(process.stderr.readline().rsplit(":", 1)[1].rstrip("'\n"))
        with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
            s.sendall(framed("?"))
            answer = b""
            while len(answer) < 5:
                received = s.recv(100)  # the acknowledgement may come alone
                self.assertTrue(received)
                answer += received
            self.assertTrue(answer.startswith(b"+$T05"), answer)
        self.assertEqual(process.wait(timeout=20), 0)  # a broken connection ends it
        process.stderr.close()

    def test_bad_input(self):
        self.assertEqual(isobar("gdb", self.folder / "none").returncode, BAD_INPUT)
        self.assertEqual(isobar("gdb", self.folder / "two.yaml").returncode, BAD_INPUT)


@unittest.skipUnless(shutil.which("gdb-multiarch"), "gdb-multiarch is not installed")
class WithGdb(Recorded):
    def gdb(self, *commands):
        words = ["gdb-multiarch", "-q", "-batch", "-nx"]
        for c in ("set confirm off", "set pagination off", f"target remote | {BINARY} gdb {self.trace}", *commands, "detach"):
            words += ["-ex", c]
        return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=True, cwd=ROOT).stdout

    def test_steps_forwards_and_backwards(self):
        out = self.gdb("stepi", "stepi", "p/x $pc", "reverse-stepi", "p/x $pc", "thread 2", "stepi", "p/x $pc")
        self.assertEqual(re.findall(r"\$\d = (\S+)", out), ["0x10008", "0x10004", "0x11004"])

    def test_breakpoint_and_watchpoint(self):
        out = self.gdb("break *0x10018", "continue", "p $x5", "delete", f"watch *(long*){COUNTER:#x}", "continue", "reverse-continue")
        self.assertIn("$1 = 20", out)
        changes = [tuple(map(int, c)) for c in re.findall(r"Old value = (\d+)\nNew value = (\d+)", out)]
        self.assertEqual(len(changes), 2)
        (old, new), back = changes
        self.assertEqual((new, back), (old + 1, (new, old)))

    def test_code_and_monitor(self):
        out = self.gdb("x/2i $pc", "monitor where")
        self.assertIn("ldr\tx4, [x2]", out)
        self.assertRegex(out, r"event 0 of \d+\nP0: 0x10000 LDR X4, \[X2\]")



if __name__ == "__main__":
    unittest.main()
