"""Runs the isobar binary for the end-to-end tests."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("ISOBAR_BINARY", str(ROOT / "build" / "isobar"))

AS_EXPECTED, DIFFERS, BAD_INPUT, UNDETERMINED, INTERNAL = range(5)


def isobar(*arguments, stdin=None, timeout=300):
    """The finished process; output is text."""
    return subprocess.run([BINARY, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=timeout,
                          stdin=None if stdin is not None else subprocess.DEVNULL, cwd=ROOT, check=False)
