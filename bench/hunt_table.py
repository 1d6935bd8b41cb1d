#!/usr/bin/env python3
"""Runs until the first failure of each broken algorithm, or of each ARGUMENT of a program, per strategy: the tables in
docs/hunt.md.

Usage: bench/hunt_table.py BUILD/isobar [SEEDS [PROGRAM ARGUMENT...]]
"""
import json
import pathlib
import statistics
import subprocess
import sys

LIMIT = 20000
PROGRAM_LIMIT = 1000
STRATEGIES = (("random", None), ("delay", 2), ("pct", 2), ("pct", 3), ("pct", 4))


def runs(isobar, limit, what, strategy, depth, seed):
    command = [isobar, "hunt", "--strategy", strategy, "--seed", str(seed), "--runs", str(limit),
               "--json", "--no-shrink", "--trace", "/dev/null"]
    if depth:
        command += ["--depth", str(depth)]
    command += what
    result = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    return (result["runs"] if result["status"] == "found" else None), result


def cell(found, limit):
    """Median, or more than the limit; in brackets the worst seed, or how many seeds found it."""
    missing = found.count(None)
    median = statistics.median_low([limit + 1 if x is None else x for x in found])
    text = f"{median:,}" if median <= limit else f"> {limit:,}"
    return text + (f" ({max(found):,})" if not missing else f" ({len(found) - missing} of {len(found)})")


def main():
    isobar = sys.argv[1]
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 11
    folder = pathlib.Path(__file__).parent.parent / "scenarios/algorithms"
    what = [[str(f)] for f in sorted(folder.glob("*-broken.yaml"))]
    limit = LIMIT
    if len(sys.argv) > 3:
        what = [[sys.argv[3], argument] for argument in sys.argv[4:]]
        limit = PROGRAM_LIMIT
    head = [s if d is None else f"{s} {d}" for s, d in STRATEGIES]
    print("| algorithm | n | k | " + " | ".join(head) + " |")
    print("|---" * (3 + len(head)) + "|")
    for item in what:
        row = []
        for strategy, depth in STRATEGIES:
            # Programs take seeds one after the other.
            results = [runs(isobar, limit, item, strategy, depth, seed * (100000 if item[1:] else 1))
                       for seed in range(1, seeds + 1)]
            row.append(cell([r for r, _ in results], limit))
        last = results[0][1]
        name = item[1] if item[1:] else last["name"].replace(", broken", "")
        threads = last["threads" if item[1:] else "cores"]
        print(f"| {name} | {threads} | {last['events']} | " + " | ".join(row) + " |", flush=True)


main()
