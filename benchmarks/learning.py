"""Models of items: how few labels active learning needs, how well label errors are found, what labels are worth.

Digits are scikit-learn's; the other sets are looked for in `$GOLDWORK_DATA`, or in shared/data beside the repository.
The features were chosen with digits in sight, diverse batches with digits and trec_questions, and how annotators and
model are inferred together on the validation part of labelme. Options:
`--seeds 20`, `--only digits|trec|noisy|errors|impact`.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks._report import report
from benchmarks.accuracy import BESIDE
from goldwork.consensus import infer_consensus
from goldwork.errors import InputError
from goldwork.features import count_texts, weigh
from goldwork.features.pictures import describe
from goldwork.judgements import Judgements
from goldwork.learning.batches import diverse
from goldwork.learning.impact import CONSENSUS, JOINT, MAJORITY, measure_impact
from goldwork.learning.joint import Votes
from goldwork.learning.model import fit
from goldwork.learning.suspects import find_suspects
from goldwork.quality.strategies import Candidates, strategy

STRATEGIES = ("margin", "entropy", "least_confidence")
RANDOM = "random"
EXPLORED = 0.15
"""The share of every batch that is drawn at random, as in a project."""
RIGHT = 0.8
"""How often a simulated annotator of the noisy runs is right."""
SHARES = (0.95, 0.98)


def main(arguments: list[str]) -> None:
    """Print a line for every figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks learning --", description=__doc__)
    parser.add_argument("--only", choices=("digits", "trec", "noisy", "errors", "impact"))
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args(arguments)
    root = Path(os.environ.get("GOLDWORK_DATA", BESIDE))
    if not root.is_dir():
        sys.exit(f"there are no data in {root}: set GOLDWORK_DATA to the folder that has them")
    parts = {
        "digits": lambda: active("digits", digits(), options.seeds),
        "trec": lambda: active("trec_questions", trec(root / "trec_questions"), options.seeds),
        "noisy": lambda: noisy(options.seeds),
        "errors": lambda: errors(root, options.seeds),
        "impact": lambda: impact(root / "labelme", options.seeds),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            part()


@dataclasses.dataclass(frozen=True, eq=False)
class Set:
    """Features [n, d] and classes [n]; `test`: rows that are always held out, or how many are drawn; how many labels a
    run begins with, asks for at once, and takes at most."""

    features: Any
    truth: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64] | int
    first: int
    batch: int
    most: int

    def split(self, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The pool, in the order of a run's lot, and the test items."""
        order = np.random.default_rng(seed).permutation(len(self.truth))
        if isinstance(self.test, int):
            return order[self.test :], order[: self.test]
        return order[~np.isin(order, self.test)], self.test


def digits() -> Set:
    """1,797 pictures of ten digits."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    return Set(describe(loaded.images / 16), loaded.target.astype(np.int64), 500, 20, 10, 500)


def trec(folder: Path) -> Set:
    """5,952 questions of six classes."""
    with (folder / "items.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    truth = np.array([int(row["truth"]) for row in rows])
    test = np.flatnonzero([row["split"] == "test" for row in rows])
    return Set(weigh(count_texts([row["text"] for row in rows])), truth, test, 50, 50, 2000)


def active(name: str, of: Set, seeds: int) -> None:
    """Labels until a share of the accuracy of the whole pool is reached, by strategy and at random."""
    need: dict[tuple[str, float], list[int]] = {}
    for seed in range(seeds):
        pool, test = of.split(seed)
        whole = accuracy(of, pool, of.truth[pool], test, seed)
        for how in (RANDOM, *STRATEGIES):
            path = run(of, how, seed, targets=[share * whole for share in SHARES])
            for share in SHARES:
                need.setdefault((how, share), []).append(first_at(path, share * whole, of.most))
    for share in SHARES:
        chance = float(np.mean(need[RANDOM, share]))
        for how in (RANDOM, *STRATEGIES):
            mean = float(np.mean(need[how, share]))
            report(f"{name}: labels to {share:.0%} of the whole pool, {how}", mean, "labels", RANDOM, mean / chance)


def accuracy(of: Set, rows: Any, labels: Any, test: Any, seed: int) -> float:
    """Of a model fitted on labels of these rows; 0 before there are two classes."""
    try:
        model = fit(of.features[rows], np.eye(of.truth.max() + 1)[labels], seed=seed).model
    except InputError:
        return 0.0
    return float((model.predict(of.features[test]).argmax(axis=1) == of.truth[test]).mean())


def run(of: Set, how: str, seed: int, *, targets: list[float], right: float = 1.0) -> list[tuple[int, float]]:
    """Labels and accuracy, batch by batch, until all targets are reached."""
    rng = np.random.default_rng(seed)
    pool, test = of.split(seed)
    K = int(of.truth.max()) + 1
    said = np.where(rng.random(len(of.truth)) < right, of.truth, (of.truth + rng.integers(1, K, len(of.truth))) % K)
    taken, path = pool[: of.first], []
    while True:
        try:
            model = fit(of.features[taken], np.eye(K)[said[taken]], seed=seed).model
            reached = float((model.predict(of.features[test]).argmax(axis=1) == of.truth[test]).mean())
        except InputError:
            model, reached = None, 0.0
        path.append((len(taken), reached))
        if len(taken) >= of.most or (targets and reached >= max(targets)):
            return path
        rest = pool[~np.isin(pool, taken)]
        batch = min(of.batch, len(rest))
        explored = batch if how == RANDOM or model is None else round(EXPLORED * batch)
        new = rng.permutation(rest)[:explored]
        if model is not None and explored < batch:
            rest = rest[~np.isin(rest, new)]
            shares = model.predict(of.features[rest])
            priority = strategy.get(how)(Candidates.of(shares, np.zeros(len(rest))), seed)
            new = np.concatenate([rest[diverse(of.features[rest], priority, batch - explored)], new])
        taken = np.concatenate([taken, new])


def first_at(path: list[tuple[int, float]], target: float, most: int) -> int:
    """The labels at which a run first reached the target."""
    return next((labels for labels, reached in path if reached >= target), most)


def noisy(seeds: int) -> None:
    """Annotators who err: the area under the curve, less that at random, paired by seed."""
    for name, of in (("digits", dataclasses.replace(digits(), most=300)),):
        area = {
            how: np.array([_area(run(of, how, seed, targets=[], right=RIGHT)) for seed in range(seeds)])
            for how in (RANDOM, *STRATEGIES)
        }
        for how in STRATEGIES:
            gain = area[how] - area[RANDOM]
            half = 1.96 * gain.std(ddof=1) / len(gain) ** 0.5
            report(f"{name}, {1 - RIGHT:.0%} wrong: {how} above random", float(gain.mean()), f"accuracy, ± {half:.4f}")


def _area(path: list[tuple[int, float]]) -> float:
    return float(np.mean([reached for _, reached in path]))


def errors(root: Path, seeds: int) -> None:
    """Label errors: F1 on digits with a tenth of the labels wrong; area under the curve with several judgements."""
    of, found = digits(), []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        label, bad = of.truth.copy(), rng.permutation(len(of.truth))[: len(of.truth) // 10]
        label[bad] = (label[bad] + rng.integers(1, 10, len(bad))) % 10
        wrong = label != of.truth
        chosen = find_suspects(of.features, label, seed=seed).wrong > 0.5
        found.append(2 * (chosen & wrong).sum() / (chosen.sum() + wrong.sum()))
    report("digits, 10 % symmetric noise: F1 of label errors", float(np.mean(found)), "F1")
    features, votes, _, truth, _ = labelme(root / "labelme")
    majority = votes.shares().argmax(axis=1)
    wrong = majority != truth
    alone, several = find_suspects(features, majority), find_suspects(features, majority, votes)
    report(
        "labelme: area, several judgements",
        area(several.wrong, wrong),
        "AUC",
        "the label alone",
        area(alone.wrong, wrong),
    )


def area(score: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_]) -> float:
    """The probability that an error has a higher score than a right label."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(wrong, score))


def labelme(folder: Path) -> tuple[Any, Votes, Judgements, Any, tuple[Any, Any]]:
    """Features and judgements of the training part, the table, its truth, and the test part with its truth."""
    with np.load(folder / "features_vgg_avg_f16.npz") as file:
        seen, test = (
            part / np.linalg.norm(part, axis=1, keepdims=True)
            for part in (file[name].astype(np.float64) for name in ("train", "test"))
        )
    truth: dict[str, dict[str, int]] = {"train": {}, "valid": {}, "test": {}}
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            truth[row["split"]][row["item"]] = int(row["truth"])
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        table = Judgements.from_records(csv.DictReader(file))
    place = np.array([int(name) for name in table.items.tolist()])
    classes = np.array([int(name) for name in table.coded()[1].tolist()])
    votes = Votes(place[table.item], table.annotator, classes[table.coded()[0]], len(seen), int(classes.max()) + 1)
    known = np.array([truth["train"][str(row)] for row in range(len(seen))])
    return seen, votes, table, known, (test, np.array(list(truth["test"].values())))


def impact(folder: Path, seeds: int) -> None:
    """labelme: the same model on labels made in every way, on 1,188 items of the test part."""
    seen, votes, table, _, test = labelme(folder)
    made = infer_consensus(table, "hierarchical-dawid-skene")
    consensus = np.zeros((votes.items, votes.classes))
    _, _, shares = made.choices()
    columns = [int(name) for name in table.coded()[1].tolist()]
    consensus[np.ix_([int(name) for name in made.items.tolist()], columns)] = shares
    runs = [measure_impact(seen, votes, consensus, test, seed=seed) for seed in range(min(seeds, 5))]
    for rows in zip(*runs, strict=True):
        named = f"labelme, {rows[0].way}"
        report(f"{named}: accuracy", float(np.mean([row.accuracy for row in rows])), "share")
        gain = 100 * float(np.mean([row.gain for row in rows]))
        report(
            f"{named}: points above the majority",
            gain,
            f"points, {100 * rows[0].gain_low:.1f} to {100 * rows[0].gain_high:.1f}",
        )
    assert {MAJORITY, CONSENSUS, JOINT} <= {rows[0].way for rows in zip(*runs, strict=True)}
