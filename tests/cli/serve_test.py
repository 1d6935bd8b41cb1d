"""isobar serve: sessions and searches over HTTP, and what the server must refuse or survive."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
import unittest

from isobar_command import BAD_INPUT, BINARY, ROOT, isobar

MP = "scenarios/classics/mp.yaml"
FORMAT = "isobar-session/1"


class Serve(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = subprocess.Popen([BINARY, "serve", "--port", "0", MP], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        cls.port = int(re.match(r"http://127\.0\.0\.1:(\d+)/ ", cls.server.stdout.readline())[1])
        cls.text = (ROOT / MP).read_text()

    @classmethod
    def tearDownClass(cls):
        cls.server.send_signal(signal.SIGINT)
        assert cls.server.wait(timeout=20) == 0
        cls.server.stdout.close()

    def request(self, method, path, body=None, **headers):
        """Status and JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        fields = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        connection.request(method, path, body, fields)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        if response.getheader("Content-Type").startswith("application/json"):
            answer = json.loads(answer)
            self.assertEqual(answer["format"], FORMAT)
        return response.status, answer

    def ask(self, path, **request):
        return self.request("POST", "/api/" + path, json.dumps(request))

    def ok(self, path, **request):
        status, answer = self.ask(path, **request)
        self.assertEqual(status, 200, answer)
        return answer

    def open(self, **request):
        return self.ok("open", **{"text": self.text, "file": "mp.yaml", **request})

    def finish(self, session):
        while True:
            report = self.ok("progress", session=session)
            if not report["running"]:
                return report["result"]
            time.sleep(0.01)

    def search(self, session):
        self.ok("search", session=session)
        return self.finish(session)

    def raw(self, data, half_close=True):
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as s:
            s.sendall(data)
            if half_close:
                s.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
        return answer

    def test_a_run_is_stepped_undone_and_linked(self):
        opened = self.open(variant="weak")
        session = opened["session"]
        self.assertEqual(opened["variants"], ["weak", "tso", "writer_tso", "reader_tso"])
        self.assertEqual(opened["cores"], ["writer", "reader"])
        now = opened["now"]
        for _ in range(7):
            now = self.ok("command", session=session, line="step 1")
        self.assertEqual(now["state"]["position"], 7)
        self.assertTrue(now["graph"]["events"])
        undone = self.ok("command", session=session, line="undo 2")
        self.assertEqual((undone["state"]["position"], undone["state"]["length"]), (5, 7))
        again = self.open(variant="weak", steps=now["steps"])["now"]
        self.assertEqual(again["state"], now["state"])
        self.assertEqual(again["graph"], now["graph"])

    def test_search_follow_and_recording(self):
        session = self.open(variant="weak")["session"]
        self.assertEqual(self.ask("command", session=session, line="follow 1")[0], 409)
        found = self.search(session)
        self.assertTrue(found["complete"])
        self.assertEqual([o["state"] for o in found["outcomes"]],
                         ["reader.X3=0; reader.X4=0;", "reader.X3=0; reader.X4=1;",
                          "reader.X3=1; reader.X4=0;", "reader.X3=1; reader.X4=1;"])
        self.ok("command", session=session, line="follow 3")
        end = self.ok("command", session=session, line="jump end")
        self.assertEqual(end["state"]["outcome"], "reader.X3=1; reader.X4=0;")
        edges = {(end["graph"]["events"][e["from"]]["label"], e["relation"], end["graph"]["events"][e["to"]]["label"])
                 for e in end["graph"]["edges"]}
        self.assertIn(("W flag = 1", "rf", "R flag = 1"), edges)
        self.assertIn(("R data = 0", "fr", "W data = 1"), edges)
        recorded = self.ok("record", session=session)
        self.assertEqual(len(recorded["states"]), end["state"]["length"] + 1)
        self.assertEqual(recorded["states"][-1]["state"], end["state"])

    def test_a_forbidden_outcome_has_a_cycle(self):
        session = self.open(variant="tso")["session"]
        self.search(session)
        self.ok("explain", session=session, outcome="reader.X3=1; reader.X4=0")
        why = self.finish(session)
        self.assertFalse(why["allowed"])
        cycle = why["cycle"]
        self.assertGreaterEqual(len(cycle), 3)
        self.assertEqual([s["to"] for s in cycle], [s["from"] for s in cycle[1:] + cycle[:1]])

    def test_switches_are_compared(self):
        opened = self.open(variant="weak")
        tso = [c["what"] for c in opened["changes"] if c["group"] == "tso"]
        self.assertEqual(tso, ["writer: TSO on", "reader: TSO on"])
        self.ok("matrix", session=opened["session"], groups=["tso"])
        rows = {r["what"]: len(r["outcomes"]) for r in self.finish(opened["session"])["rows"]}
        self.assertEqual(rows, {"as it is": 4, "writer: TSO on": 4, "reader: TSO on": 4})
        both = self.open(variant="writer_tso", change="reader: TSO on")["session"]
        self.assertEqual(len(self.search(both)["outcomes"]), 3)

    def test_combinations_of_switches_are_compared(self):
        opened = self.open(variant="weak")
        session = opened["session"]
        self.assertEqual({s["what"]: s["values"] for s in opened["switches"]},
                         {"machine": ["weak", "tso", "writer_tso", "reader_tso"],
                          "kind of all cores": ["none", "actlr", "actlr-read-only", "fixed"],
                          "writer: TSO": ["off", "on"], "reader: TSO": ["off", "on"]})
        self.ok("combinations", session=session, vary=["writer: TSO", "reader: TSO"])
        rows = self.finish(session)["rows"]
        self.assertEqual([(*r["settings"].values(), len(r["outcomes"])) for r in rows],
                         [("off", "off", 4), ("off", "on", 4), ("on", "off", 4), ("on", "on", 3)])
        self.ok("combinations", session=session, vary=["kind of all cores"], settings={"writer: TSO": "off"})
        rows = self.finish(session)["rows"]
        self.assertEqual([len(r["outcomes"]) for r in rows if r["settings"]["kind of all cores"] == "fixed"], [4])
        self.ok("combinations", session=session, vary=["machine"], settings={"kind of all cores": "fixed"})
        self.assertEqual([len(r["outcomes"]) for r in self.finish(session)["rows"]], [3, 3, 3, 3])
        both = self.open(variant="weak", settings={"writer: TSO": "on", "reader: TSO": "on"})
        self.assertEqual(len(self.search(both["session"])["outcomes"]), 3)
        for wrong in [{"vary": ["none"]}, {"vary": "writer: TSO"}, {}, {"vary": [], "settings": {"writer: TSO": "maybe"}},
                      {"vary": [], "settings": {"none": "on"}}, {"vary": [], "settings": ["writer: TSO"]}]:
            self.assertEqual(self.ask("combinations", session=session, **wrong)[0], 400, wrong)

    def test_barriers_are_switched_and_seen(self):
        text = (ROOT / "scenarios/classics/sb-dmb.yaml").read_text()
        switches = self.ok("open", text=text)["switches"]
        barriers = [s["what"] for s in switches if "DMB" in s["what"]]
        self.assertEqual(barriers, ["P0: DMB ISH (line 15)", "P1: DMB ISH (line 21)"])
        session = self.ok("open", text=text)["session"]
        self.ok("combinations", session=session, vary=barriers)
        self.assertEqual([len(r["outcomes"]) for r in self.finish(session)["rows"]], [3, 4, 4, 4])
        off = self.ok("open", text=text, settings={barriers[0]: "nop"})
        self.assertEqual([c["text"] for c in off["code"] if c["line"] == 15], ["nop"])
        self.assertFalse([c for c in off["changes"] if c["group"] == "stronger"])

    def test_the_schema_is_served(self):
        self.assertIn("scenario", self.ok("schema")["schema"]["$defs"])

    def test_sessions_do_not_see_each_other_and_old_ones_are_closed(self):
        first, second = self.open()["session"], self.open()["session"]
        self.ok("command", session=first, line="step 1")
        self.assertEqual(self.ok("command", session=first, line="show")["state"]["position"], 1)
        self.assertEqual(self.ok("command", session=second, line="show")["state"]["position"], 0)
        for _ in range(40):
            last = self.open()["session"]
        self.assertEqual(self.ask("command", session=first, line="show")[0], 404)
        self.ok("close", session=last)
        self.assertEqual(self.ask("command", session=last, line="show")[0], 404)

    def test_a_search_is_cancelled(self):
        code = "".join(f"          STR X9, [X{n}]\n          LDR X1{n}, [X{(n + 1) % 6}]\n" for n in range(6))
        threads = "".join(f"  t{n}:\n    asm: |\n{code}" for n in range(4))
        text = ("name: large\ndescription: Takes long to search.\nmemory: {a: 0, b: 0, c: 0, d: 0, e: 0, f: 0}\n"
                "registers: {X0: a, X1: b, X2: c, X3: d, X4: e, X5: f, X9: 1}\n"
                f"threads:\n{threads}expect:\n  - sometimes: t0.X10 == 0\n")
        session = self.ok("open", text=text)["session"]
        self.ok("search", session=session)
        self.assertEqual(self.ask("search", session=session)[0], 409)
        self.ok("cancel", session=session)
        self.assertFalse(self.finish(session)["complete"])
        self.ok("search", session=session)
        self.ok("close", session=session)

    def test_errors_in_a_test_have_their_place(self):
        status, answer = self.ask("open", text=self.text.replace("LDR X3, [X2]", "LDX X3, [X2]"), file="mine.yaml")
        self.assertEqual(status, 400)
        where = answer["diagnostics"][0]
        self.assertEqual((where["file"], where["line"]), ("mine.yaml", 21))

    def test_malformed_requests_are_refused(self):
        session = self.open()["session"]
        for path, body, status in [
            ("/api/open", "", 400), ("/api/open", "[]", 400), ("/api/open", "{", 400), ("/api/open", "{}", 400),
            ("/api/open", '{"text": 3}', 400), ("/api/open", '{"text": "\\u0000"}', 400),
            ("/api/nothing", "{}", 404), ("/api/command", "{}", 400), ("/api/command", '{"session": "x"}', 404),
            ("/api/command", json.dumps({"session": session}), 400),
            ("/api/command", json.dumps({"session": session, "line": "fly"}), 400),
            ("/api/command", json.dumps({"session": session, "line": "step 99"}), 400),
            ("/api/command", json.dumps({"session": session, "line": "save /tmp/x"}), 400),
            ("/api/command", json.dumps({"session": session, "line": "x" * 2000}), 400),
            ("/api/progress", json.dumps({"session": session}), 409),
            ("/api/open", json.dumps({"text": self.text, "steps": [[9, 9, 9, 9]]}), 400),
            ("/api/open", json.dumps({"text": self.text, "steps": [[1]]}), 400),
            ("/api/open", json.dumps({"text": "#" * 300_000}), 413),
            ("/api/open", "[" * 100_000, 400), ("/elsewhere", "{}", 404),
        ]:
            with self.subTest(path=path, body=body[:60]):
                got, answer = self.request("POST", path, body)
                self.assertEqual(got, status, answer)
                self.assertTrue(answer["error"])

    def test_other_origins_and_hosts_are_refused(self):
        good = f"http://127.0.0.1:{self.port}"
        for headers, status in [({"Origin": good}, 200), ({"Origin": "http://example.org"}, 403), ({"Origin": "null"}, 403),
                                ({"Origin": good.replace("http:", "https:")}, 403), ({"Host": "example.org"}, 403),
                                ({"Host": f"example.org:{self.port}"}, 403), ({"Host": f"localhost:{self.port}"}, 200),
                                ({"Content_Type": "text/plain"}, 415)]:
            with self.subTest(headers=headers):
                self.assertEqual(self.request("POST", "/api/examples", "{}", **headers)[0], status)
        self.assertEqual(self.request("GET", "/api/examples")[0], 405)
        self.assertEqual(self.request("DELETE", "/api/examples")[0], 405)

    def test_broken_connections_do_no_harm(self):
        host = f"Host: 127.0.0.1:{self.port}\r\n".encode()
        post = b"POST /api/open HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\n"
        for data, status in [(b"", b""), (b"GARBAGE\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\n\r\n", b"400"),
                             (post + b"\r\n", b"411"), (post + b"Content-Length: x\r\n\r\n", b"400"),
                             (post + b"Content-Length: 99999999999999999999999\r\n\r\n", b"413"),
                             (post + b"Content-Length: 2000000\r\n\r\n" + b"x" * 2_000_000, b"413"),
                             (post + b"Transfer-Encoding: chunked\r\n\r\n", b"411"),
                             (post + b"Content-Length: 50\r\n\r\n{", b""),
                             (post + b"X: " + b"x" * 40_000 + b"\r\n\r\n", b"431")]:
            with self.subTest(data=data[:80]):
                self.assertEqual(self.raw(data)[9:12], status)
        for _ in range(5):  # gone before the answer
            s = socket.create_connection(("127.0.0.1", self.port))
            body = json.dumps({"text": self.text}).encode()
            s.sendall(post + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            s.close()
        idle = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(10)]
        self.open()
        for s in idle:
            s.close()

    def test_only_the_loopback_is_listened_to(self):
        state = open_sockets(self.server.pid)
        if state is None:
            self.skipTest("/proc does not list sockets here")
        self.assertIn(f"0100007F:{self.port:04X}", state)
        self.assertNotIn(f"00000000:{self.port:04X}", state)

    def test_a_port_in_use_is_bad_input(self):
        done = isobar("serve", "--port", str(self.port))
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("cannot listen on port", done.stderr)


def open_sockets(pid):
    path = f"/proc/{pid}/net/tcp"
    if not os.path.exists(path):
        return None
    with open(path, encoding="ascii") as file:
        return file.read()


if __name__ == "__main__":
    unittest.main()
