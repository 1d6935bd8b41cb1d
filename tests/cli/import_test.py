"""isobar import: logs and listings become scenarios that load, run and are judged in guest terms; wrong input is located."""

import filecmp
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, BINARY, DIFFERS, ROOT, isobar

FOLDER = ROOT / "scenarios" / "translator"
FEX = ["fex", FOLDER / "fex.log", "--symbols", FOLDER / "fex.sym"]
FORBIDDEN = "reader:rax == 1 && reader:rdx == 0"

# A block as QEMU 10 emits it: BTI, the exit request 16 bytes before the state, can_do_io behind it, B . before BR X16.
QEMU_10 = """PROLOGUE: [size=12]
0x1000:  aa0003f3  mov x19, x0
0x1004:  d61f0020  br x1
0x1008:  d65f03c0  ret

IN: f
0x00401000:  89 07  movl %eax, (%rdi)
0x00401002:  eb 10  jmp 0x401014

OUT: [size=44]
  -- guest addr 0x0000000000401000 + tb prologue
0x2040:  d503249f  bti j
0x2044:  b85f0274  ldur w20, [x19, #-16]
0x2048:  37f800f4  tbnz w20, #31, #0x2064
0x204c:  381f427f  sturb wzr, [x19, #-12]
0x2050:  a9400261  ldp x1, x0, [x19]
0x2054:  f9401e74  ldr x20, [x19, #56]
0x2058:  b9000281  str w1, [x20]
0x205c:  14000000  b #0x205c
0x2060:  d61f0200  br x16
0x2064:  d503249f  bti j
0x2068:  17fffbe8  b #0x1008
"""


class Import(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def write(self, text, name="input"):
        (self.path / name).write_text(text)
        return self.path / name

    def scenario(self, *arguments):
        made = self.path / "made.yaml"
        result = isobar("import", *arguments, "-o", made)
        self.assertEqual(result.returncode, AS_EXPECTED, result.stderr)
        return made

    def refused(self, message, *arguments):
        result = isobar("import", *arguments)
        self.assertEqual(result.returncode, BAD_INPUT, result)
        self.assertIn(message, result.stderr)

    def message_passing(self, *arguments):
        ends = [f"--register={t}:{r}={v}" for t in ("writer", "reader") for r, v in (("rdi", "data"), ("rsi", "flag"))]
        return self.scenario(*arguments, "--variable=data=0x404000", "--variable=flag=0x404100", *ends, "--never", FORBIDDEN)

    def test_shipped_scenarios_are_what_the_importer_makes(self):
        copy = self.path / "translator"
        shutil.copytree(FOLDER, copy)
        for made in copy.glob("*.yaml"):
            made.unlink()
        subprocess.run(["sh", copy / "make_scenarios.sh"], check=True, env={**os.environ, "ISOBAR": str(BINARY)})
        names = sorted(p.name for p in FOLDER.glob("*.yaml"))
        self.assertGreaterEqual(len(names), 7)
        self.assertEqual(filecmp.cmpfiles(FOLDER, copy, names, shallow=False)[0], names)

    def test_fex_is_judged_in_guest_registers(self):
        plain = self.message_passing(*FEX, "--thread=writer", "--thread=reader")
        result = isobar("run", plain)
        self.assertEqual(result.returncode, DIFFERS, result)
        self.assertIn(FORBIDDEN, result.stdout)
        tso = self.message_passing(*FEX, "--thread=writer=tso_writer", "--thread=reader=0x401060")
        self.assertEqual(isobar("run", tso).returncode, AS_EXPECTED)
        self.assertEqual(isobar("explore", tso).returncode, AS_EXPECTED)

    def test_x86_litmus_tests_are_the_reference(self):
        litmus = self.write("""X86_64 MP
{ uint64_t data; uint64_t flag; uint64_t 1:rax; uint64_t 1:rdx; }
 P0             | P1               ;
 movq $1,(data) | movq (flag),%rax ;
 movq $1,(flag) | movq (data),%rdx ;
locations [data;]
forall (1:rax=0 \\/ 1:rdx=1)
""", "mp.litmus")
        for prefix, status in ("", DIFFERS), ("tso_", AS_EXPECTED):
            made = self.message_passing(*FEX, f"--thread=writer={prefix}writer", f"--thread=reader={prefix}reader", "--litmus", litmus)
            self.assertIn("(reader.X4 == 1 && reader.X5 == 1 && data == 1)", made.read_text())
            result = isobar("run", made)
            self.assertEqual(result.returncode, status, result)
        log = ["qemu", FOLDER / "qemu.log", "--variable=data=0x401140", "--variable=flag=0x401180", "--thread=writer", "--thread=reader"]
        for translation, status in (1, DIFFERS), (2, AS_EXPECTED):
            made = self.scenario(*log, f"--translation={translation}", "--litmus", litmus)
            self.assertEqual(isobar("run", made).returncode, status)
        arm = self.write("AArch64 A\n{ }\n P0 ;\n NOP ;\nexists true\n", "arm.litmus")
        self.refused(f"{arm}: error: expected a litmus test for X86_64", *log, "--litmus", arm)

    def test_qemu_is_judged_in_guest_registers(self):
        log = ["qemu", FOLDER / "qemu.log", "--variable=data=0x401140", "--variable=flag=0x401180:0", "--thread=writer", "--thread=reader"]
        for translation, status in (1, DIFFERS), (2, AS_EXPECTED):
            made = self.scenario(*log, f"--translation={translation}", "--never", FORBIDDEN, "--sometimes", "reader:rax == 1 && data == 1")
            self.assertEqual(isobar("run", made).returncode, status)

    def test_qemu_goes_on_with_followed_blocks(self):
        log = ["qemu", FOLDER / "qemu.log", "--variable=data=0x401140", "--variable=flag=0x401180", "--thread=P0=0x4000da"]
        once = self.scenario(*log, "--translation=1", "--always", "P0:rax == 0 && data == 0")
        self.assertEqual(isobar("run", once).returncode, AS_EXPECTED)
        both = self.scenario(*log, "--translation=1", "--follow=writer", "--follow=reader", "--follow=0x4000df",
                             "--always", "P0:rax == 1 && P0:rdx == 1 && P0:rsp == 0x70000100")
        result = isobar("run", both)
        self.assertEqual(result.returncode, AS_EXPECTED, result)
        self.refused("no block of 'nobody' to follow", *log, "--follow=nobody")

    def test_qemu_10(self):
        log = self.write(QEMU_10)
        made = self.scenario("qemu", log, "--thread=P0=f", "--register=P0:rax=7", "--register=P0:rdi=x", "--variable=x=0x404000",
                             "--always", "x == 7 && P0:rax == 7")
        result = isobar("run", made)
        self.assertEqual(result.returncode, AS_EXPECTED, result)

    def test_unknown_helpers_are_refused_or_stubs(self):
        fex = self.write("RIP: 0x10\nDisassemble Begin\nldr x3, [x28, #2048]\nblr x3\nadd x4, x4, #0x1 (1)\nDisassemble End\n")
        self.refused(f"{fex}:4: error: blr x3: calls a helper", "fex", fex, "--thread=P0=0x10")
        made = self.scenario("fex", fex, "--thread=P0=0x10", "--stub-helpers", "--register=P0:rax=2", "--always", "P0:rax == 3")
        self.assertEqual(isobar("run", made).returncode, AS_EXPECTED)
        words = self.write("400000: a9bf7bfd 94000400 a8c17bfd 91000400 d65f03c0\n", "words")  # bl, add x0, x0, #1
        self.refused(f"{words}:1: error: bl 0x401004: calls 0x401004, which is not listed", "raw", words, "--thread=P0=0x400000")
        made = self.scenario("raw", words, "--thread=P0=0x400000", "--stub-helpers", "--register=P0:x0=4", "--always", "P0:x0 == 5")
        result = isobar("run", made)
        self.assertEqual(result.returncode, AS_EXPECTED, result)

    def test_listing_of_jit_code_in_the_environment_of_fex(self):
        listing = self.write("0000000000000000 <.data>:\n   0:\tf9000144 \tstr\tx4, [x10]\n   4:\td65f03c0 \tret\n")
        made = self.scenario("objdump", listing, "--environment=fex", "--thread=P0=0x0", "--variable=x=0x404000",
                             "--register=P0:rsi=x", "--register=P0:rax=9", "--always", "x == 9")
        self.assertEqual(isobar("run", made).returncode, AS_EXPECTED)

    def test_arrays_hold_wide_accesses(self):
        log = self.write("RIP: 0x10\nDisassemble Begin\nldr q2, [x4]\nstr q2, [x7]\nDisassemble End\n")
        made = self.scenario("fex", log, "--thread=P0=0x10", "--variable=a[2]=0x404000:0x5", "--variable=b[2]=0x404100",
                             "--register=P0:rax=a", "--register=P0:rcx=b", "--always", "b[0] == 5 && b[1] == 0")
        result = isobar("run", made)
        self.assertEqual(result.returncode, AS_EXPECTED, result)

    def test_parts_of_registers_vectors_and_flags_of_fex(self):
        log = self.write("RIP: 0x10\nDisassemble Begin\nmov x4, x11\nmov v17.16b, v16.16b\neor x27, x7, x5\n"
                         "subs x26, x7, x5\nDisassemble End\n")
        for left, right, flags in (0, 1, "cf pf af sf"), (1 << 63, 1, "pf af of"), (5, 5, "pf zf"), (0x14, 1, ""):
            with self.subTest(left=left, right=right):
                want = " && ".join(f"P0:{f} == {int(f in flags.split())}" for f in ("cf", "pf", "af", "zf", "sf", "of"))
                made = self.scenario("fex", log, "--thread=P0=0x10", "--register=P0:rdi=0x1122334455667788",
                                     f"--register=P0:rcx={left}", f"--register=P0:rdx={right}", "--register=P0:xmm0=0x10000000000000002",
                                     "--always", "P0:eax == 0x55667788 && P0:ax == 0x7788 && P0:al == 0x88 && P0:ah == 0x77",
                                     "--always", "P0:xmm1 == 0x10000000000000002 && P0:xmm1[0] == 2 && P0:xmm1[1] == 1", "--always", want)
                result = isobar("run", made)
                self.assertEqual(result.returncode, AS_EXPECTED, result)

    def test_parts_of_registers_vectors_and_flags_of_qemu(self):
        # XMM1 := XMM0; cc_dst, cc_src and cc_op of a 64-bit SUB from RAX, RCX and RDX.
        code = """0x2040:  d503249f  bti j
0x2044:  b85f0274  ldur w20, [x19, #-16]
0x2048:  3dc0da60  ldr q0, [x19, #864]
0x204c:  3d80ea60  str q0, [x19, #928]
0x2050:  f9400261  ldr x1, [x19]
0x2054:  f9004a61  str x1, [x19, #144]
0x2058:  f9400661  ldr x1, [x19, #8]
0x205c:  f9004e61  str x1, [x19, #152]
0x2060:  b9401261  ldr w1, [x19, #16]
0x2064:  b900aa61  str w1, [x19, #168]
0x2068:  17fffbe8  b #0x1008
"""
        log = self.write(QEMU_10[:QEMU_10.index("OUT:")] + "OUT: [size=44]\n" + code)
        made = self.scenario("qemu", log, "--thread=P0=f", "--register=P0:rax=0xffffffffffffffff", "--register=P0:rcx=1",
                             "--register=P0:rdx=19", "--register=P0:xmm0=0x10000000000000002",
                             "--always", "P0:xmm1 == 0x10000000000000002 && P0:xmm1[1] == 1 && P0:ax == 0xffff && P0:ah == 0xff && P0:ecx == 1",
                             "--always", "P0:cf == 1 && P0:sf == 1 && P0:zf == 0 && P0:of == 0 && P0:af == 1 && P0:pf == 1 && P0:eflags == 0x97")
        result = isobar("run", made)
        self.assertEqual(result.returncode, AS_EXPECTED, result)

    def test_fex_goes_on_with_linked_and_followed_blocks(self):
        # LDR X0, .+8; BLR X0; the address of the linker; the guest address 0x400100. There: X4 := 7.
        words = self.write("400000: 58000040 d63f0000 00000000 00000000 00400100 00000000\n400100: d28000e4\n")
        arguments = ["raw", words, "--environment=fex", "--thread=P0=0x400000"]
        for follow, rax in ([], 0), (["--follow=0x400100"], 7), (["--link=0x400000=0x400100"], 7), (["--follow=0x400100", "--link=0x400000=-"], 0):
            made = self.scenario(*arguments, *follow, "--always", f"P0:rax == {rax}")
            result = isobar("run", made)
            self.assertEqual(result.returncode, AS_EXPECTED, (follow, result))
        # FEX's main loop finds the block of the address that is in the state.
        log = self.write("RIP: 0x10\nDisassemble Begin\nmov w20, #0x20\nldr x0, [x28, #1704]\nstr x20, [x28, #24]\nbr x0\nDisassemble End\n"
                         "RIP: 0x20\nDisassemble Begin\nmov x4, #0x7\nDisassemble End\n")
        made = self.scenario("fex", log, "--thread=P0=0x10", "--follow=0x20", "--always", "P0:rax == 7")
        self.assertEqual(isobar("run", made).returncode, AS_EXPECTED)

    def test_helpers_do_what_libraries_say(self):
        log = FOLDER / "lock.log"
        arguments = ["--thread=left", "--thread=right", "--variable=x=0x401140", "--variable=y=0x401180",
                     "--never", "left:edx == 0 && right:edx == 0"]
        for library, status in ("qemu-lse", AS_EXPECTED), ("qemu-llsc", DIFFERS):
            self.assertEqual(isobar("run", self.scenario("qemu", log, "--helpers", library, *arguments)).returncode, status)
        own = self.write("title: t\ndescription: d\nsource: s\nhelpers:\n  mine: |\n    MOV W0, #3\n    RET\n", "own.yaml")
        unnamed = self.write("".join(l for l in log.read_text().splitlines(True) if not l.startswith(" call ")))
        self.refused("whose work is not known; log with op_opt too, or name it with --helper 0x55002d17e0=NAME", "qemu", unnamed, *arguments)
        made = self.scenario("qemu", unnamed, *arguments, "--helpers", own, "--helper=0x55002d17e0=mine", "--always", "left:eax == 3")
        self.assertIn("helper_mine", made.read_text())
        self.refused("the work of the helper 'other' is not known", "qemu", unnamed, *arguments, "--helper=0x55002d17e0=other")
        fex = self.write("RIP: 0x10\nDisassemble Begin\nldr x3, [x28, #2048]\nblr x3\nmov x4, x0\nDisassemble End\n")
        made = self.scenario("fex", fex, "--thread=P0=0x10", "--helpers", own, "--helper=0x800=mine", "--always", "P0:rax == 3")
        self.assertEqual(isobar("run", made).returncode, AS_EXPECTED)

    def test_cmpxchg16b_of_qemu_7(self):
        log = self.write(QEMU_10[:QEMU_10.index("OUT:")] + """OP:
 call cmpxchg16b,$0x0,$0,env,rdi

OUT: [size=36]
0x2040:  b85f8274  ldur w20, [x19, #-8]
0x2044:  aa1e03f5  mov x21, x30
0x2048:  aa1303e0  mov x0, x19
0x204c:  f9401e61  ldr x1, [x19, #56]
0x2050:  940003ec  bl #0x3000
0x2054:  aa1503fe  mov x30, x21
0x2058:  52800034  mov w20, #1
0x205c:  b900aa74  str w20, [x19, #168]
0x2060:  17fffbea  b #0x1008
""")
        for library in "qemu-lse", "qemu-llsc":
            for rax, want in (1, "a[0] == 5 && a[1] == 6 && P0:rax == 1 && P0:zf == 1"), (9, "a[0] == 1 && a[1] == 0 && P0:rax == 1 && P0:zf == 0"):
                made = self.scenario("qemu", log, "--helpers", library, "--thread=P0=f", "--variable=a[2]=0x404000:1", "--register=P0:rdi=a",
                                     f"--register=P0:rax={rax}", "--register=P0:rbx=5", "--register=P0:rcx=6", "--always", want + " && P0:rdx == 0")
                result = isobar("run", made)
                self.assertEqual(result.returncode, AS_EXPECTED, result)

    def test_code_without_a_place_is_moved(self):
        words = self.write("d2800020 14000002\nd65f03c0 # f ends here\nd65f03c0\n")
        made = self.scenario("raw", words, "--thread=P0=0x0", "--always", "P0:x0 == 1")
        self.assertIn("moved by 0x50000000", made.read_text())
        self.assertEqual(isobar("run", made).returncode, AS_EXPECTED)

    def test_blocks_are_listed(self):
        self.assertRegex(isobar("import", *FEX).stdout, r"(?m)^ +38  0x401040 +13 +0  tso_writer$")
        self.assertRegex(isobar("import", "objdump", FOLDER / "listing.txt").stdout, r"(?m)^ +7  0x400000 +6 +2  writer$")

    def test_wrong_input_is_located(self):
        begin = "I RIP: 0x10\nI Disassemble Begin\n"
        cases = [
            ("fex", "", ": error: no block found"),
            ("fex", begin + "I add x4, x4\n", ":3:3: error: 'add x4, x4' is no instruction"),
            ("fex", begin + "I nop\n", ":3: error: the log ends inside a block"),
            ("fex", begin + "I Disassemble Begin\n", ":3:1: error: a block begins inside another"),
            ("fex", "I Disassemble End\n", ":1:1: error: the end of a block"),
            ("fex", begin + "I udf #0x0\nI Disassemble End\n", ":4:1: error: a block without instructions"),
            ("fex", "I RIP: 0xq\n", ":1:10: error: expected a guest address"),
            ("objdump", "hello\n", ": error: no code found"),
            ("objdump", "a:     file format elf64-x86-64\n", ":1:1: error: a listing of another architecture"),
            ("objdump", "0000 <f>:\n  0:\t48 c7 04 25\n", ":2:6: error: expected an instruction word"),
            ("objdump", "0000 <f>:\n  0:\td503201f nop\n  8:\td503201f nop\n", ":3:6: error: the address does not follow"),
            ("objdump", "0000 <f>:\n  2:\td503201f nop\n", ":2:6: error: the address of an instruction"),
            ("objdump", "0000 <f>:\n  0:\t94000000 bl\n\t\t0: R_AARCH64_CALL26 g\n", ":3:6: error: a relocation"),
            ("raw", "# nothing\n", ": error: no code found"),
            ("raw", "d503201f d503\n", ":1:10: error: expected a word of 8"),
            ("raw", "d503201f nop\n", ":1:10: error: expected a word"),
            ("raw", "12: d503201f\n", ":1:5: error: the address of an instruction"),
        ]
        for kind, text, message in cases:
            with self.subTest(kind=kind, text=text):
                path = self.write(text)
                self.refused(f"{path}{message}", kind, path)
        symbols = self.write("400000 T\n400004x f\n", "symbols")
        self.refused(f"{symbols}:2:7: error: expected a blank", "raw", "--symbols", symbols, self.write("d503201f\n"))

    def test_wrong_questions_are_refused(self):
        threads = [*FEX, "--thread=writer", "--thread=reader"]
        for message, option in [("no thread 'P7'; the threads are writer, reader", "--never=P7:rax == 1"),
                                ("no thread '2'; the threads", "--never=2:rax == 1"),
                                ("'exx' is no register of the guest; expected rax to r15", "--never=reader:exx == 1"),
                                ("'xmm0[2]' is no register", "--never=reader:xmm0[2] == 1"),
                                ("al cannot start with a value", "--register=reader:al=1"),
                                ("a number of at most 32 bits", "--register=reader:eax=0x100000000"),
                                ("a number of at most 128 bits", "--register=reader:xmm0=data"),
                                ("there are no such helpers; expected a file or one of qemu-10.0", "--helpers=none"),
                                ("expected 0xADDRESS=NAME", "--helper=12=f"),
                                ("expected BLOCK=TARGET", "--link=writer"), ("no block 'nobody'", "--link=writer=nobody"),
                                ("--link names 2 targets, but 1 exits", "--link=writer=-,-"),
                                ("unexpected character", '--never=x == "1"'),
                                ("--register: no thread 'P7'", "--register=P7:rax=1"),
                                ("'r16' is no register of the guest", "--register=reader:r16=1"),
                                ("expected THREAD:REGISTER=VALUE", "--register=rax=1"),
                                ("expected NAME=ADDRESS", "--variable=x"), ("expected NAME=ADDRESS", "--variable=x=1:y"),
                                ("expected NAME=ADDRESS", "--variable=x[=1"), ("expected NAME=ADDRESS", "--variable=x[]=1"),
                                ("expected NAME=ADDRESS", "--variable=x[0]=1"), ("expected NAME=ADDRESS", "--variable=x[9999]=1"),
                                ("no block 'nobody'", "--thread=nobody"), ("is not a name for a variable", "--variable=1=1")]:
            with self.subTest(option=option):
                self.refused(message, *threads, option)


if __name__ == "__main__":
    unittest.main()
