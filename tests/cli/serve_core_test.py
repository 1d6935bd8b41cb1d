"""The core of exported pages (wasm/build) in Node.js, against the server, where both are there."""

import os
import pathlib
import shutil
import subprocess
import unittest

from isobar_command import BINARY, ROOT


class Core(unittest.TestCase):
    def test_core_answers_as_the_server_does(self):
        if shutil.which("node") is None:
            self.skipTest("Node.js is not installed")
        done = subprocess.run(["node", "--test", "web/tests/core.mjs"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
                              env={**os.environ, "ISOBAR_BINARY": str(pathlib.Path(BINARY).resolve())})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
