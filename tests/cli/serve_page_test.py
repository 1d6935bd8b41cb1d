"""The page of isobar serve in Chromium, by the tests of web/tests, where Node.js, Chromium and 'npm ci' in web/ are there."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from isobar_command import BINARY, ROOT

WEB = ROOT / "web"


class Page(unittest.TestCase):
    def setUp(self):
        if shutil.which("node") is None or not (WEB / "node_modules/playwright-core").exists():
            self.skipTest("web/node_modules is not there: run 'npm ci' in web/")

    def test_page_in_chromium(self):
        if not pathlib.Path("/usr/bin/chromium").exists():
            self.skipTest("Chromium is not installed")
        done = subprocess.run(["node", "--test", *sorted(map(str, (WEB / "tests").glob("*.test.mjs")))], cwd=ROOT, capture_output=True, text=True, timeout=500, check=False,
                              env={**os.environ, "ISOBAR_BINARY": str(pathlib.Path(BINARY).resolve())})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_kept_page_is_what_its_sources_give(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["npx", "vite", "build", "--outDir", folder, "--emptyOutDir"], cwd=WEB, capture_output=True,
                                  text=True, timeout=100, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual((pathlib.Path(folder) / "index.html").read_bytes(), (WEB / "dist/index.html").read_bytes())

    def test_lock_file_names_no_registry(self):
        text = (WEB / "package-lock.json").read_text()
        self.assertNotIn('"resolved"', text)


if __name__ == "__main__":
    unittest.main()
