#!/usr/bin/env python3
"""Runs until the first failure of each broken algorithm, per strategy: the table in docs/hunt.md.

Usage: bench/hunt_table.py BUILD/isobar [SEEDS]
"""
import json
import pathlib
import statistics
import subprocess
import sys

LIMIT = 20000
STRATEGIES = (("random", None), ("delay", 2), ("pct", 2), ("pct", 3), ("pct", 4))


def runs(isobar, file, strategy, depth, seed):
    command = [isobar, "hunt", str(file), "--strategy", strategy, "--seed", str(seed), "--runs", str(LIMIT),
               "--json", "--no-shrink", "--trace", "/dev/null"]
    if depth:
        command += ["--depth", str(depth)]
    result = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    return (result["runs"] if result["status"] == "found" else None), result


def cell(found):
    """Median, or more than the limit; in brackets the worst seed, or how many seeds found it."""
    missing = found.count(None)
    median = statistics.median_low([LIMIT + 1 if x is None else x for x in found])
    text = f"{median:,}" if median <= LIMIT else f"> {LIMIT:,}"
    return text + (f" ({max(found):,})" if not missing else f" ({len(found) - missing} of {len(found)})")


def main():
    isobar = sys.argv[1]
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 11
    folder = pathlib.Path(__file__).parent.parent / "scenarios/algorithms"
    head = [s if d is None else f"{s} {d}" for s, d in STRATEGIES]
    print("| algorithm | n | k | " + " | ".join(head) + " |")
    print("|---" * (3 + len(head)) + "|")
    for file in sorted(folder.glob("*-broken.yaml")):
        row = []
        for strategy, depth in STRATEGIES:
            results = [runs(isobar, file, strategy, depth, seed) for seed in range(1, seeds + 1)]
            row.append(cell([r for r, _ in results]))
        last = results[0][1]
        name = last["name"].replace(", broken", "")
        print(f"| {name} | {last['cores']} | {last['events']} | " + " | ".join(row) + " |", flush=True)


main()
