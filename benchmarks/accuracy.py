"""Accuracy on real crowds with truth: every method for choices, the majority and Crowd-Kit side by side.

Expected accuracy over ties, and its ratio to the majority's. The sets are looked for in `$GOLDWORK_DATA`, or in
shared/data beside the repository. Options: `--sets product,snow_rte,bluebird,face_sentiment,labelme`
`--peers DawidSkene,OneCoinDawidSkene,GLAD`.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._report import report
from goldwork.consensus import consensus, infer_consensus
from goldwork.consensus.scoring import expected_accuracy
from goldwork.judgements import Judgements

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
UNFIT = ("ordinal",)
"""Methods for classes in an order, which these are not."""


def main(arguments: list[str]) -> None:
    """Print a line for every set and method, and the regret of `auto` against the best of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks accuracy --", description=__doc__)
    parser.add_argument("--sets", default="product,snow_rte,bluebird,face_sentiment,labelme")
    parser.add_argument("--peers", default="DawidSkene,OneCoinDawidSkene,GLAD")
    options = parser.parse_args(arguments)
    root = Path(os.environ.get("GOLDWORK_DATA", BESIDE))
    if not root.is_dir():
        sys.exit(f"there are no data in {root}: set GOLDWORK_DATA to the folder that has them")
    methods = [name for name in consensus.names() if consensus.facts(name).get("answers", "choice") == "choice"]
    regrets = []
    for name in options.sets.split(","):
        table = Judgements.from_records(rows(root / name / "labels.csv"))
        truth = {row["item"]: row["truth"] for row in rows(root / name / "truth.csv")}
        score = {
            method: expected_accuracy(infer_consensus(table, method), truth).value
            for method in methods
            if method not in UNFIT
        }
        ours = dict(score)
        score |= {f"Crowd-Kit {peer}": peer_accuracy(peer, table, truth) for peer in options.peers.split(",") if peer}
        for method, value in sorted(score.items(), key=lambda one: -one[1]):
            report(f"{name}, {method}", value, "share", "majority", value / score["majority"])
        regrets.append(max(ours.values()) - ours["auto"])
    report("auto behind the best method, mean over sets", float(np.mean(regrets)), "share", "best of all methods")


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def peer_accuracy(peer: str, table: Judgements, truth: Mapping[Any, Any]) -> float:
    """The share of items that Crowd-Kit's method answers right; it breaks ties by order."""
    import crowdkit.aggregation
    import pandas as pd

    columns = table.to_columns()
    frame = pd.DataFrame({"task": columns["item"], "worker": columns["annotator"], "label": columns["label"]})
    found = getattr(crowdkit.aggregation, peer)().fit_predict(frame)
    return float(np.mean([found[item] == label for item, label in truth.items() if item in found.index]))
