"""Truth inference beside Crowd-Kit: the same judgements, as many iterations, each in a process of its own.

Seconds are the fit's alone, from the library's own table (goldwork's Judgements, Crowd-Kit's data frame); the first fit
in a process, with what it loads and compiles, stands apart. Memory is the process's peak, its table included; the
columns from which that was made are let go. Options:
`--items 1000000 --small 100000 --sizes 50000,100000,200000,400000 --limit 120`, in seconds for a peer.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._crowds import crowd
from benchmarks._report import report

PEERS = {"dawid-skene": "DawidSkene", "one-coin": "OneCoinDawidSkene", "glad": "GLAD", "mace": "MACE"}
ITERATIONS = 15


def main(arguments: list[str]) -> None:
    """Run every method at its size, ours and Crowd-Kit's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks truth --", description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--sizes", default="50000,100000,200000,400000")
    parser.add_argument("--limit", type=float, default=120)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="goldwork-bench-") as folder:
        for method, size in (("dawid-skene", options.items), ("one-coin", options.items)):
            beside(method, size, Path(folder), options.limit, ITERATIONS)
        for method in ("glad", "mace"):
            beside(method, options.small, Path(folder), options.limit, 0)
        again(options.items, Path(folder))
        grow([int(size) for size in options.sizes.split(",")], Path(folder))


def beside(method: str, items: int, folder: Path, limit: float, iterations: int) -> None:
    """Print a method's figures and their ratios to the peer's."""
    data = draw(items, folder)
    ours = child(method, data, iterations, 600)
    assert ours is not None, "ours has ten minutes"
    theirs = child(f"peer:{method}", data, iterations, limit)
    what, peer = f"{method}, {items:,} items x 5", f"Crowd-Kit's {PEERS[method]}"
    if theirs is None:
        report(what, ours["seconds"], "s", f"{peer}: not done after {limit:.0f} s", limit / ours["seconds"])
    else:
        report(what, ours["seconds"], "s", f"{peer}: {theirs['seconds']:.1f} s", theirs["seconds"] / ours["seconds"])
        report(
            f"{what}, peak memory",
            ours["memory"],
            "MB",
            f"{theirs['memory']:.0f} MB",
            ours["memory"] / theirs["memory"],
        )
        same = np.mean(np.array(ours["labels"]) == np.array(theirs["labels"]))
        report(f"{what}, the same labels", float(same), "share", peer)
    report(f"{what}, first fit in a process", ours["first"], "s")
    report(
        f"{what}, accuracy", ours["accuracy"], "share", "" if theirs is None else f"{peer}: {theirs['accuracy']:.4f}"
    )
    if iterations:
        plain = child(f"sparse:{method}", data, iterations, 600)
        assert plain is not None, "ours has ten minutes"
        report(f"{what}, without numba", plain["seconds"], "s", "with numba", plain["seconds"] / ours["seconds"])
        # Codes and classes read once, probabilities written and read: what a pass over the judgements has to move.
        bound = (items * 5 * 5 + items * 8 + 2 * items * 5 * 8) / ours["bandwidth"]
        report(
            f"{what}, one iteration",
            ours["seconds"] / iterations * 1e3,
            "ms",
            f"memory bandwidth: {bound * 1e3:.1f} ms",
            ours["seconds"] / iterations / bound,
        )


def again(items: int, folder: Path) -> None:
    """Print how long it takes to reckon with 1,000 judgements more, beside starting over."""
    found = child("again:dawid-skene", draw(items, folder), 0, 600)
    assert found is not None, "ours has ten minutes"
    what = f"dawid-skene, {items:,} items x 5, 1,000 judgements more"
    report(what, found["seconds"], "s", f"starting over: {found['first']:.2f} s", found["seconds"] / found["first"])


def grow(sizes: list[int], folder: Path) -> None:
    """Print how time and memory grow with the judgements: 1 is linear."""
    found = [child("dawid-skene", draw(size, folder), ITERATIONS, 600) for size in sizes]
    for what in ("seconds", "memory"):
        values = [one[what] for one in found if one is not None]
        if what == "memory":
            values = [value - values[0] / 2 for value in values]
        slope = float(np.polyfit(np.log(sizes), np.log(values), 1)[0])
        report(f"dawid-skene, {what} over {len(sizes)} sizes, slope", slope, "log/log", "linear", slope)


def draw(items: int, folder: Path) -> Path:
    """A file with a crowd."""
    path = folder / f"{items}.npz"
    if not path.exists():
        item, annotator, answer, truth = crowd(items)
        np.savez(path, item=item, annotator=annotator, answer=answer, truth=truth)
    return path


def child(what: str, data: Path, iterations: int, limit: float) -> dict[str, Any] | None:
    """The figures of a process that does nothing else; None where it was not done in time."""
    command = [sys.executable, "-m", "benchmarks._truth", what, str(data), str(iterations)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=limit, check=True)
    except subprocess.TimeoutExpired:
        return None
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures
