"""Deciding while people work: what enough judgements cost on real crowds, and what a step costs in time.

Recorded judgements are replayed (`goldwork.quality.recorded`), gold judgements paid for. On the same orders and the
same gold: fixed majority, and the rule of Toloka's dynamic overlap (annotators' accuracies from gold alone, errors
spread evenly, Bayes' rule, stop at a threshold). "At equal accuracy" is read off the frontier of several targets, or
thresholds, between the two nearest; intervals are over the seeds, drawn again (bootstrap, 95 %). Targets are numbers,
the same for all seeds, or so much more than five votes reach on each seed's own gold.

The sets are all of those beside the repository (`$GOLDWORK_DATA`, or shared/data) that are choices by people with
names, five or more an item, with a truth that was not made from them. medrelex_crowdflower asks for all relations that
hold; for causes and treats experts know the truth, so each is a question of yes and no. Options: `--sets NAME,NAME`
`--seeds 20` `--most N` judgements of an item (without: as many as there are).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from benchmarks._report import report
from benchmarks.accuracy import BESIDE, rows
from goldwork.consensus.calibration import calibration_error, null_error
from goldwork.judgements import Judgements
from goldwork.quality.posterior import Credit, Given, add, credit, learn, posterior
from goldwork.quality.recorded import VOTES, Pools, Rules, draw, pools, replay, voted
from goldwork.quality.skill import Pooled, fresh, fresh_pool
from goldwork.quality.stopping import Overlap

AROUND = (-0.05, -0.02, 0.01, 0.05, 0.1)
"""Targets of the frontier, around the accuracy to be equalled."""
THRESHOLDS = (0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.94, 0.97, 0.985)
SMOOTHING = 4.0
SETS = ("snow_rte", "face_sentiment", "bluebird", "medrelex_crowdflower/cause", "medrelex_crowdflower/treat")
MEDICAL = {"cause": "CAUSES", "treat": "TREATS"}
BOTH = {"snow_rte": (5, 0)}
"""Numbers of votes whose majority is to be equalled, 0 for all; unless listed, five."""


def main(arguments: list[str]) -> None:
    """Print a line for every figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks quality --", description=__doc__)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--most", type=int)
    options = parser.parse_args(arguments)
    overlap = Overlap(1, options.most)
    steps()
    root = Path(os.environ.get("GOLDWORK_DATA", BESIDE))
    if not root.is_dir():
        sys.exit(f"there are no data in {root}: set GOLDWORK_DATA to the folder that has them")
    for name in options.sets.split(","):
        recorded = medical(root / name) if name.partition("/")[2] in MEDICAL else read(root / name)
        untold(name, recorded, overlap, options.seeds)
        for votes in BOTH.get(name, (5,)):
            equal(name, recorded, overlap, votes, options.seeds)


def read(folder: Path) -> Pools:
    """A set's judgements and truth."""
    truth = {row["item"]: row["truth"] for row in rows(folder / "truth.csv")}
    return pools(Judgements.from_records(rows(folder / "labels.csv")), truth)


def medical(question: Path) -> Pools:
    """Whether people see this relation in a sentence, and whether experts do."""
    folder, relation = question.parent, question.name
    known = {row["item"]: row["expert"] or row["test_partition"] for row in rows(folder / "truth.csv")
             if row["relation"] == relation}  # fmt: skip
    truth = {item: answer == "1" for item, answer in known.items() if answer in ("1", "-1")}
    with gzip.open(folder / "labels.csv.gz", "rt", encoding="utf-8") as file:
        said = {(row["item"], row["annotator"]): MEDICAL[relation] in row["relations"].split("|")
                for row in csv.DictReader(file)}  # fmt: skip
    return pools(Judgements.from_records({"item": item, "annotator": who, "label": answer}
                 for (item, who), answer in said.items()), truth)  # fmt: skip


def untold(name: str, recorded: Pools, overlap: Overlap, seeds: int) -> None:
    """A replay without a target, and how far its confidences come true."""
    made = [replay(recorded, Rules(overlap), seed) for seed in range(seeds)]
    found = np.array([(one.judgements_per_item, one.accuracy, one.target) for one in made])
    excess = [beyond_chance(one.sure, one.right) for one in made]
    half = 1.96 * np.c_[found, excess].std(axis=0, ddof=1) / np.sqrt(seeds)
    five = float(np.mean([one.majority[5][0] for one in made]))
    report(
        f"{name}, no target: judgements per item",
        found[:, 0].mean(),
        f"± {half[0]:.2f}",
        "five",
        found[:, 0].mean() / 5,
    )
    report(
        f"{name}, no target: accuracy", found[:, 1].mean(), f"± {half[1]:.3f}", "five votes", found[:, 1].mean() / five
    )
    report(
        f"{name}, no target: calibration error beyond chance", float(np.mean(excess)), f"± {half[3]:.3f}", "at most .02"
    )


def beyond_chance(sure: Any, right: Any) -> float:
    """The expected calibration error minus what chance makes of it, in ten bins."""
    order = np.argsort(sure, kind="stable")
    return calibration_error(sure[order], right[order] * 1.0, 10) - null_error(
        sure[order], 10, np.random.default_rng(0), 100
    )


def equal(name: str, recorded: Pools, overlap: Overlap, votes: int, seeds: int) -> None:
    """Judgements per item at the accuracy of a fixed number of votes: ours, the yardsticks."""
    every = range(seeds)
    fixed = np.array([majority(recorded, votes, seed) for seed in every])
    aim = float(fixed[:, 1].mean())
    ours = np.array([[cost(recorded, overlap, aim + more, seed) for seed in every] for more in AROUND])
    aimed = (
        []
        if not votes
        else np.array(
            [[cost(recorded, overlap, goal(recorded, seed) + more, seed) for seed in every] for more in (0.0, *AROUND)]
        )
    )
    peers = np.array([toloka(recorded, seed) for seed in every]).transpose(1, 0, 2)
    said = f"{name} at {aim:.3f} (majority of {votes or 'all'})"
    paid = float(fixed[:, 0].mean())
    told = np.array([cost(recorded, overlap, aim, seed) for seed in every])
    report(f"{said}, told so: judgements per item", told[:, 0].mean(), f"accuracy {told[:, 1].mean():.3f}", "majority",
           told[:, 0].mean() / paid)  # fmt: skip
    for who, made in (("engine", ours), ("engine, aimed by gold", aimed), ("Toloka's rule", peers)):
        if not len(made):
            continue  # gold is judged five times: it does not tell what all votes reach
        value, low, high = at(made, aim)
        if np.isnan(value):
            spent, most = max(made.mean(axis=1), key=lambda point: float(point[1]))
            report(
                f"{said}, {who}: does not get there; accuracy",
                most,
                f"at {spent:.2f} judgements",
                "majority",
                most / aim,
            )
        else:
            report(f"{said}, {who}: judgements per item", value, f"{low:.2f} to {high:.2f}", "majority", value / paid)


def cost(recorded: Pools, overlap: Overlap, target: float, seed: int) -> tuple[float, float]:
    """Judgements per item and accuracy of one replay."""
    made = replay(recorded, Rules(overlap, min(target, 0.99)), seed)
    return made.judgements_per_item, made.accuracy


def goal(recorded: Pools, seed: int) -> float:
    """What five votes' majority reaches on the gold of a seed."""
    order, gold = draw(recorded, Rules(), seed)
    return float(np.mean([voted(order[item][:VOTES], known) for item, known in gold.items()]))


def majority(recorded: Pools, votes: int, seed: int) -> tuple[float, float]:
    """The same of fixed majority, on the items that are not gold."""
    order, gold = draw(recorded, Rules(), seed)
    work = [(given[: votes or None], recorded.truth[item]) for item, given in enumerate(order) if item not in gold]
    return float(np.mean([len(given) for given, _ in work])), float(np.mean([voted(*one) for one in work]))


def toloka(recorded: Pools, seed: int) -> list[tuple[float, float]]:
    """The same of Toloka's rule at every threshold."""
    order, gold = draw(recorded, Rules(), seed)
    hits, seen = np.zeros(recorded.annotators), np.zeros(recorded.annotators)
    for item, known in gold.items():
        for one in order[item][:5]:
            seen[one.annotator] += 1
            hits[one.annotator] += one.answer == known
    skill = np.clip((hits + SMOOTHING * hits.sum() / seen.sum()) / (seen + SMOOTHING), 0.02, 0.98)
    work = [item for item in range(len(order)) if item not in gold]
    made = []
    for threshold in THRESHOLDS:
        found = [_bayes(order[item], skill, recorded.classes, threshold) for item in work]
        right = [answer == recorded.truth[item] for item, (_, answer) in zip(work, found, strict=True)]
        made.append(((sum(number for number, _ in found) + seen.sum()) / len(work), float(np.mean(right))))
    return made


def _bayes(given: list[Given], skill: Any, classes: int, threshold: float) -> tuple[int, int]:
    """How many judgements are taken until the threshold, and the answer."""
    logs = np.zeros(classes)
    taken = 0
    for who, answer, _ in given:
        taken += 1
        logs[answer] += np.log(skill[who]) - np.log((1 - skill[who]) / (classes - 1))
        if 1 / np.exp(logs - logs.max()).sum() >= threshold:
            break
    return taken, int(logs.argmax())


def at(made: Any, aim: float) -> tuple[float, float, float]:
    """The cost at an accuracy on the frontier [targets, seeds, (cost, accuracy)], with its bootstrap interval."""
    rng = np.random.default_rng(0)
    seeds = made.shape[1]
    drawn = [_between(made[:, rng.integers(0, seeds, seeds)].mean(axis=1), aim) for _ in range(500)]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return _between(made.mean(axis=1), aim), float(low), float(high)


def _between(points: Any, aim: float) -> float:
    """The cost at accuracy `aim` on the line through (cost, accuracy), the cheapest first; nan where it is not met."""
    points = points[np.argsort(points[:, 0])]
    for (cheap, less), (dear, more) in itertools.pairwise(points):
        if less <= aim <= more:
            return float(cheap + (dear - cheap) * (aim - less) / max(more - less, 1e-9))
    return float(points[0, 0]) if points[0, 1] > aim else float("nan")


def steps() -> None:
    """Judgements per second and core that a posterior and what it teaches take, on items with up to five."""
    for classes in (2, 5, 10, 20):
        small, large = rate(classes, 200, 2_000), rate(classes, 50_000, 500_000)
        report(f"judgements a second, {classes} classes", small, "1/s", "50,000 annotators", small / large)


def rate(classes: int, annotators: int, items: int, number: int = 20_000) -> float:
    """Judgements per second in a project of this size, whose states are filled beforehand."""
    random = Random(0)
    filled = [random.randrange(1 << 24) for _ in fresh(classes)]
    states: Mapping[int, list[int]] = {who: filled.copy() for who in range(annotators)}
    pooled = Pooled(classes, [50 << 20 for _ in fresh_pool(classes)])
    given: dict[int, list[Given]] = {}
    credits: dict[int, Credit] = {}
    events = [(random.randrange(items), random.randrange(annotators), random.randrange(classes)) for _ in range(number)]
    begin = time.process_time()
    for item, who, answer in events:
        mine = given.setdefault(item % 4_000, [])
        if len(mine) == 5:
            mine.clear()
            credits.pop(item % 4_000)
        mine.append(Given(who, answer))
        after = credit(mine, posterior(mine, states, pooled))
        lesson = learn(credits.get(item % 4_000, Credit()), after, classes)
        credits[item % 4_000] = after
        for one, changes in lesson.annotators.items():
            add(states[one], changes)
        add(pooled.counts, lesson.pooled)
    return number / (time.process_time() - begin)
