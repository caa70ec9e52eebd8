"""Agreement: Krippendorff's alpha with its interval beside the package `krippendorff`, which has none.

    python -m benchmarks agreement [-- --items 100000] [--large 1000000]

All start from the same long table of item, annotator and label in arrays; reading it is part of the time. Peak memory
is what a process of its own takes above the arrays.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks._report import peak_megabytes, report

PER_ITEM, CLASSES, ANNOTATORS = 5, 5, 2_000
RESAMPLES = 1_000
PEERS = ("value counts", "reliability data")
SLOPE_SIZES = 4
REPEATS, SHORT = 2, 10.0
"""What takes less than so many seconds is run so often again, and the shortest time counts."""


def columns(items: int) -> dict[str, npt.NDArray[Any]]:
    """A long table, in no order."""
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(items), PER_ITEM)
    truth = rng.integers(0, CLASSES, items)
    label = np.where(rng.random(len(item)) < 0.7, truth[item], rng.integers(0, CLASSES, len(item)))
    annotator = (item * 7 + np.tile(np.arange(PER_ITEM), items)) % ANNOTATORS
    order = rng.permutation(len(item))
    return {"item": item[order], "annotator": annotator[order], "label": label[order]}


def goldwork(table: dict[str, npt.NDArray[Any]]) -> float:
    """Alpha with a bootstrap interval, the table being read first."""
    from goldwork import Judgements

    return of_judgements(Judgements.from_columns(table))


def of_judgements(table: Any) -> float:
    """Alpha with a bootstrap interval, of judgements that were read already."""
    from goldwork import measure_agreement

    return measure_agreement(table, resamples=RESAMPLES).value


def value_counts(table: dict[str, npt.NDArray[Any]]) -> float:
    """The peer's lean form: how often each item was given each label."""
    import krippendorff

    counts = np.zeros((int(table["item"].max()) + 1, CLASSES), int)
    np.add.at(counts, (table["item"], table["label"]), 1)
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))


def reliability_data(table: dict[str, npt.NDArray[Any]]) -> float:
    """The peer's usual form: a matrix of annotators by items."""
    import krippendorff

    matrix = np.full((ANNOTATORS, int(table["item"].max()) + 1), np.nan, np.float32)
    matrix[table["annotator"], table["item"]] = table["label"]
    return float(krippendorff.alpha(reliability_data=matrix, level_of_measurement="nominal"))


def measure(how: str, items: int) -> dict[str, float]:
    """Run in a process of its own: seconds, megabytes at its peak, and the value."""
    command = [sys.executable, "-c", f"from benchmarks.agreement import child; child({how!r}, {items})"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def timed(run: Any, table: Any) -> tuple[float, float]:
    """Seconds and value."""
    start = time.perf_counter()
    value = run(table)
    return time.perf_counter() - start, value


def child(how: str, items: int) -> None:
    """Print seconds, megabytes and value; libraries are loaded beforehand."""
    from goldwork import Judgements

    runs = {"goldwork": goldwork, "value counts": value_counts, "reliability data": reliability_data}
    run: Any = runs.get(how, of_judgements)
    small: Any = columns(50)
    table: Any = columns(items)
    run(small if how in runs else Judgements.from_columns(small))
    if how not in runs:
        table = Judgements.from_columns(table)
    seconds, value = timed(run, table)
    peak = peak_megabytes()
    for _ in range(REPEATS if seconds < SHORT else 0):
        seconds = min(seconds, timed(run, table)[0])
    print(json.dumps({"seconds": seconds, "megabytes": peak, "value": value}))


def main(options: list[str]) -> None:
    """Compare at two sizes, and print the slope of time by size."""
    parser = argparse.ArgumentParser(prog="benchmarks agreement")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    chosen = parser.parse_args(options)
    for items, peers in ((chosen.items, PEERS), (chosen.large, PEERS[:1])):
        ours, alone = measure("goldwork", items), measure("of judgements", items)
        name = f"agreement: alpha with {RESAMPLES:,} resamples, {items:,} x {PER_ITEM}"
        report(name, ours["seconds"], "s")
        for peer in peers:
            theirs = measure(peer, items)
            if not math.isclose(ours["value"], theirs["value"], abs_tol=1e-6):
                sys.exit(f"alpha is {ours['value']} here and {theirs['value']} by krippendorff's {peer}")
            against = f"krippendorff, {peer}, one estimate"
            report(name, ours["seconds"], "s", against, ours["seconds"] / theirs["seconds"])
            report(f"{name}, once read", alone["seconds"], "s", against, alone["seconds"] / theirs["seconds"])
            report(f"{name}: peak memory", ours["megabytes"], "MB", against, ours["megabytes"] / theirs["megabytes"])
    sizes = [chosen.large >> step for step in reversed(range(SLOPE_SIZES))]
    seconds = [measure("goldwork", size)["seconds"] for size in sizes]
    slope = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    report(f"agreement: time by items, {sizes[0]:,} to {sizes[-1]:,}, exponent", slope, "", "1: linear", slope)
