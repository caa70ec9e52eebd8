"""Models of items: how few labels active learning needs, how well label errors are found, what labels are worth.

Digits are scikit-learn's; the other sets are looked for in `$GOLDWORK_DATA`, or in shared/data beside the repository.
The features were chosen with digits in sight, diverse batches with digits and trec_questions, and how annotators and
model are inferred together on the validation part of labelme. Intervals are 95 %: of strategies over seeds, drawn
again or simultaneous over all points of a curve; of label errors over items drawn again. Options:
`--seeds 20`, `--only digits|trec|noisy|errors|impact`, `--strategies margin,entropy,least_confidence`.
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
from scipy.stats import rankdata

from benchmarks._report import drawn_again, report
from benchmarks.accuracy import BESIDE
from goldwork.consensus import infer_consensus
from goldwork.errors import InputError
from goldwork.features import count_texts, weigh
from goldwork.features.pictures import describe
from goldwork.judgements import Judgements
from goldwork.learning.batches import diverse
from goldwork.learning.impact import CONSENSUS, JOINT, MAJORITY, Trained, measure_impact
from goldwork.learning.joint import Votes
from goldwork.learning.model import fit
from goldwork.learning.suspects import find_suspects
from goldwork.quality.strategies import Candidates, strategy

STRATEGIES = "margin,entropy,least_confidence"
RANDOM = "random"
EXPLORED = 0.15
"""The share of every batch that is drawn at random, as in a project."""
RIGHT = 0.8
"""How often a simulated annotator of the noisy runs is right."""
DIGITS = {0.95: "at most 110 labels", 0.98: "at most 170 labels"}
TREC = {0.95: "at most .7 of random"}
"""The shares of the whole pool's accuracy that are to be reached, and with how few labels."""


def main(arguments: list[str]) -> None:
    """Print a line for every figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks learning --", description=__doc__)
    parser.add_argument("--only", choices=("digits", "trec", "noisy", "errors", "impact"))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--strategies", default=STRATEGIES)
    options = parser.parse_args(arguments)
    root = Path(os.environ.get("GOLDWORK_DATA", BESIDE))
    if not root.is_dir():
        sys.exit(f"there are no data in {root}: set GOLDWORK_DATA to the folder that has them")
    strategies = tuple(options.strategies.split(","))
    parts = {
        "digits": lambda: active("digits", digits(), options.seeds, strategies, DIGITS),
        "trec": lambda: trec(root / "trec_questions", options.seeds, strategies),
        "noisy": lambda: noisy(root / "trec_questions", options.seeds, strategies),
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


def questions(folder: Path, *, apart: bool) -> Set:
    """5,952 questions of six classes, with their own test part of 500, or with 1,500 of the rest drawn for it."""
    with (folder / "items.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    truth = np.array([int(row["truth"]) for row in rows])
    features = weigh(count_texts([row["text"] for row in rows]))
    test = np.array([row["split"] == "test" for row in rows])
    if apart:
        return Set(features, truth, np.flatnonzero(test), 50, 50, 3000)
    return Set(features[~test], truth[~test], 1500, 50, 50, 3000)


def trec(folder: Path, seeds: int, strategies: tuple[str, ...]) -> None:
    """Held against questions drawn from the pool's own, as a project's are, and against the published test part, which
    asks other things: 500 shorter questions."""
    active("trec_questions, 1,500 drawn", questions(folder, apart=False), seeds, strategies, TREC)
    active("trec_questions, its test part", questions(folder, apart=True), seeds, strategies, TREC)


def active(name: str, of: Set, seeds: int, strategies: tuple[str, ...], aims: dict[float, str]) -> None:
    """Labels until a share of the accuracy of the whole pool is reached, by strategy and at random."""
    need: dict[tuple[str, float], list[int]] = {}
    for seed in range(seeds):
        pool, test = of.split(seed)
        whole = accuracy(of, pool, of.truth[pool], test, seed)
        for how in (RANDOM, *strategies):
            path = run(of, how, seed, targets=[share * whole for share in aims])
            for share in aims:
                need.setdefault((how, share), []).append(first_at(path, share * whole, of.most))
    for share, aim in aims.items():
        chance = np.array(need[RANDOM, share], float)
        for how in (RANDOM, *strategies):
            labels = np.array(need[how, share], float)
            said = f"{name}: labels to {share:.0%} of the whole pool, {how}"
            counted = aim if how != RANDOM and aim.endswith("labels") else ""
            ratio = labels.mean() / chance.mean()
            report(said, labels.mean(), "labels", RANDOM, ratio, span=drawn_again(labels), aim=counted)
            if how != RANDOM:
                both = np.column_stack([labels, chance])
                span = drawn_again(both, lambda rows: rows[:, 0].mean() / rows[:, 1].mean())
                report(f"{said}, over random", ratio, "ratio", RANDOM, span=span, aim="" if counted else aim)


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


def noisy(folder: Path, seeds: int, strategies: tuple[str, ...]) -> None:
    """Annotators who err: how much better than random at every point, paired by seed. Intervals hold for all points of
    a curve at once (the largest of the studentised differences, seeds' signs turned by lot)."""
    sets = {
        "digits": dataclasses.replace(digits(), most=300),
        "trec_questions": dataclasses.replace(questions(folder, apart=False), most=800),
    }
    for name, of in sets.items():
        curves = {
            how: np.array(
                [[reached for _, reached in run(of, how, seed, targets=[], right=RIGHT)] for seed in range(seeds)]
            )
            for how in (RANDOM, *strategies)
        }
        for how in strategies:
            gain = (curves[how] - curves[RANDOM])[:, 1:]  # all begin with the same items
            said = f"{name}, {1 - RIGHT:.0%} wrong: {how} above random"
            report(
                f"{said}, mean of the curve",
                100 * gain.mean(),
                "points",
                RANDOM,
                span=drawn_again(100 * gain.mean(axis=1)),
            )
            middle, half = 100 * gain.mean(axis=0), 100 * together(gain)
            worst = int((middle + half).argmin())
            report(
                f"{said}, least favourable of {gain.shape[1]} points, {of.first + (worst + 1) * of.batch} labels",
                middle[worst],
                "points",
                RANDOM,
                span=(middle[worst] - half[worst], middle[worst] + half[worst]),
                aim="upper end above 0",
            )


def together(gain: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Half the width of an interval at each point of gains [seeds, points], 95 % for all points at once."""
    error = gain.std(axis=0, ddof=1) / len(gain) ** 0.5
    about = gain - gain.mean(axis=0)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (4000, len(gain)))
    largest = np.abs(signs @ about / len(gain) / np.maximum(error, 1e-12)).max(axis=1)
    return np.asarray(np.quantile(largest, 0.95) * error)


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
    report(
        "digits, 10 % symmetric noise: F1 of label errors",
        float(np.mean(found)),
        "F1",
        span=drawn_again(found),
        aim="at least .94",
    )
    features, votes, _, truth, _ = labelme(root / "labelme")
    draws = range(min(seeds, 5))
    several("labelme", features, truth, [votes for _ in draws])
    seen, right = cifar10(root)
    several("CIFAR-10H, 3 of 51 judgements", seen, right, [cifar10h(root, seed) for seed in draws])
    several("CIFAR-10N's judgements of its classes", seen, right, [cifar10n(root, right, seed) for seed in draws])


def several(name: str, features: Any, truth: npt.NDArray[np.int64], drawn: list[Votes]) -> None:
    """Wrong majorities, ties by lot, found with all judgements and with the majority alone; a mean over draws."""
    scores = []
    for seed, votes in enumerate(drawn):
        shares = votes.shares()
        lot = 1e-6 * np.random.default_rng(seed).random(shares.shape)
        majority = (shares + lot).argmax(axis=1)
        alone, both = (find_suspects(features, majority, how, seed=seed).wrong for how in (None, votes))
        scores.append((both, alone, majority != truth))
    whole = np.mean([[area(both, wrong), area(alone, wrong)] for both, alone, wrong in scores], axis=0)

    def gain(rows: Any) -> float:
        return float(
            np.mean([area(both[rows], wrong[rows]) - area(alone[rows], wrong[rows]) for both, alone, wrong in scores])
        )

    report(
        f"{name}: area of wrong majorities, all judgements", whole[0], "AUC", "the majority alone", whole[0] / whole[1]
    )
    span = drawn_again(np.arange(len(truth)), gain)
    report(f"{name}: area above the majority alone", whole[0] - whole[1], "AUC", span=span, aim="lower end above 0")


def cifar10(root: Path) -> tuple[Any, npt.NDArray[np.int64]]:
    """Of the 10,000 test pictures of CIFAR-10: log probabilities by a network that was trained on other pictures
    (Northcutt et al. 2021, NeurIPS Datasets), as ten features; and the truth."""
    with np.load(root / "label_errors_mnist_cifar10" / "cifar10.npz") as file:
        shares, given = file["pred_probs"].astype(np.float64), file["given_labels"].astype(np.int64)
    return np.log(np.maximum(shares, 1e-4)), given


def cifar10h(root: Path, seed: int) -> Votes:
    """Three of about 51 judgements of each of those pictures (Peterson et al. 2019, ICCV), no judgement twice."""
    rng = np.random.default_rng(seed)
    with (root / "cifar10h_counts" / "counts.csv").open(newline="", encoding="utf-8") as file:
        counts = [[int(row[f"n{k}"]) for k in range(10)] for row in csv.DictReader(file)]
    drawn = np.array([rng.multivariate_hypergeometric(row, 3) for row in counts])
    return _unnamed(np.repeat(np.tile(np.arange(10), len(drawn)), drawn.ravel()).reshape(-1, 3))


def cifar10n(root: Path, truth: npt.NDArray[np.int64], seed: int) -> Votes:
    """Three judgements of CIFAR-10N (Wei et al. 2022, ICLR). There is no model of the pictures that they are of: each
    picture gets those of another of its class. How people disagree is real, on which pictures is not."""
    rng = np.random.default_rng(seed)
    with (root / "cifar10n" / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = [[int(row[name]) for name in ("label1", "label2", "label3", "truth")] for row in csv.DictReader(file)]
    recorded, given = np.array(rows), np.empty((len(truth), 3), np.int64)
    for k in np.unique(truth).tolist():
        here = np.flatnonzero(truth == k)
        given[here] = recorded[rng.choice(np.flatnonzero(recorded[:, 3] == k), len(here), replace=False), :3]
    return _unnamed(given)


def _unnamed(answers: npt.NDArray[np.int64]) -> Votes:
    """Judgements [n, v] by people who are not told apart."""
    n, each = answers.shape
    return Votes(np.repeat(np.arange(n), each), np.zeros(n * each, np.int64), answers.ravel(), n, 10)


def area(score: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_]) -> float:
    """The probability that an error has a higher score than a right label."""
    bad = int(wrong.sum())
    ranks = float(rankdata(score)[wrong].sum())
    return (ranks - bad * (bad + 1) / 2) / (bad * (len(wrong) - bad))


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
        way, named = rows[0].way, f"labelme, {rows[0].way}"
        mean = {
            field.name: float(np.mean([getattr(row, field.name) for row in rows]))
            for field in dataclasses.fields(Trained)
            if field.name != "way"
        }
        report(f"{named}: accuracy", mean["accuracy"], "share", span=(mean["low"], mean["high"]))
        gain, low, high = (100 * mean[name] for name in ("gain", "gain_low", "gain_high"))
        aim = "at least 2 points" if way in (CONSENSUS, JOINT) else ""
        report(f"{named}: above the majority", gain, "points", MAJORITY, span=(low, high), aim=aim)
        report(f"{named}: calibration error less its null", mean["error"], "share")
        report(f"{named}: judgements paid for", mean["judgements"], "judgements")
