"""An installation: the command with its data, and a platform of somebody else that finds and links the core model."""

import pathlib
import re
import subprocess
import tempfile
import unittest

from isobar_command import BINARY, ROOT


class Installation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.prefix = cls.folder / "prefix"
        build = pathlib.Path(BINARY).resolve().parent
        cls.do("cmake", "--install", build, "--prefix", cls.prefix)

    @staticmethod
    def do(*command, **options):
        result = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, timeout=300, **options)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def test_the_command_finds_its_data_from_anywhere(self):
        listed = self.do(self.prefix / "bin/isobar", "mapping", "list", cwd=self.folder)
        self.assertIn("qemu-7.2-lse", listed)

    def test_another_platform_is_built_and_agrees_with_the_search(self):
        build = self.folder / "example"
        self.do("cmake", "-S", ROOT / "docs/example-platform", "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.do("cmake", "--build", build)
        lines = [line for line in self.do(build / "platform").splitlines() if line.startswith("X2")]
        self.assertEqual(len(lines), 4)
        self.assertIn("X2 = 0 on core 0, 0 on core 1: allowed, seen", lines)

    def test_pkg_config_names_headers_and_libraries_that_exist(self):
        flags = self.do("pkg-config", "--cflags", "--libs", "isobar",
                        env={"PKG_CONFIG_PATH": str(next(self.prefix.rglob("pkgconfig"))), "PATH": "/usr/bin:/bin"}).split()
        include = next(f[2:] for f in flags if f.startswith("-I") and "isobar" in f)
        self.assertTrue((pathlib.Path(include) / "model/systemc/platform.h").exists())
        libraries = next(pathlib.Path(f[2:]) for f in flags if f.startswith("-L"))
        for name in re.findall(r"-l(isobar_\w+)", " ".join(flags)):
            self.assertTrue((libraries / f"lib{name}.a").exists(), name)


if __name__ == "__main__":
    unittest.main()
