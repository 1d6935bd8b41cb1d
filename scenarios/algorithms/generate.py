#!/usr/bin/env python3
"""Compiles src/*.c with aarch64-linux-gnu-gcc and writes a correct and a broken scenario of each.

The comment at the top of a source has the name, description, memory and registers of the scenario, the condition that
the correct version never shows and the broken one (-DBROKEN) does, a reason for each (without a reason
there is no broken version), and, where the default will not do, the machine. P0, P1 ... are the threads.
"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
COMPILER = ["aarch64-linux-gnu-gcc", "-std=c11", "-O2", "-march=armv8.3-a", "-mno-outline-atomics", "-fno-pic",
            "-fno-asynchronous-unwind-tables", "-fno-ipa-icf", "-Wall", "-Wextra", "-Werror", "-S", "-o", "-"]


def header(source):
    text = source.read_text().split("*/", 1)[0].split("/*", 1)[1].strip("\n")
    keys = re.split(r"^(\w+):", text, flags=re.M)[1:]
    return {key: value.rstrip() for key, value in zip(keys[::2], keys[1::2])}


def threads(source, broken):
    """The instructions and labels of each thread; returning is reaching the end."""
    compiled = subprocess.run(COMPILER + (["-DBROKEN"] if broken else []) + [str(source)], check=True,
                              capture_output=True, text=True).stdout
    out = {}
    for name, body in re.findall(r"^(P\d+):\n(.*?)^\t\.size\t\1", compiled, flags=re.M | re.S):
        lines = [line.strip().replace("\t", " ") for line in body.splitlines()]
        lines = [re.sub(r"\.L(\w+)", r"L\1", line) for line in lines
                 if line and not (line.startswith(".") and not re.match(r"\.L\d+:", line))]
        lines = ["b end" if line == "ret" else line for line in lines]
        if lines[-1] == "b end":
            lines.pop()
        if "b end" in lines:
            lines.append("end:")
        out[name] = lines
    return dict(sorted(out.items()))


def scenario(source, broken):
    h = header(source)
    out = ["# Written by generate.py from src/" + source.name + "; do not edit."]
    out.append("name:" + h["name"] + (", broken" if broken else ""))
    out.append("description:" + h["description"])
    if broken:
        out.append("  " + h["broken"].strip())
    out += ["machine:" + h.get("machine", " {kind: none}"), "memory:" + h["memory"], "registers:" + h["registers"], "threads:"]
    for name, lines in threads(source, broken).items():
        out += [f"  {name}:", "    asm: |"] + ["      " + line for line in lines]
    out += ["expect:", f"  - {'sometimes' if broken else 'never'}:{h['never']}",
            "    why:" + h["broken" if broken else "correct"]]
    return "\n".join(out) + "\n"


def main():
    for source in sorted((HERE / "src").glob("*.c")):
        for broken in (False, True) if "broken" in header(source) else (False,):
            path = HERE / (source.stem + ("-broken" if broken else "") + ".yaml")
            path.write_text(scenario(source, broken))
            print(path.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
