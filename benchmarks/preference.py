"""Preferences: the reward model against people on real arguments, under injected noise, in time, and in a closed loop.

UKPConvArg1 (Habernal and Gurevych 2016): which of two arguments convinces more, five people a pair; whole debates are
left out. It is looked for in `$GOLDWORK_DATA`, or in shared/data beside the repository. Options: `--seeds 20`,
`--only people|noise|speed|loop`.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import gzip
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from scipy.special import stdtrit

from benchmarks._report import drawn_again, report
from benchmarks.accuracy import BESIDE
from goldwork.features import Weights, count_words
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.preference.evaluate import evaluate
from goldwork.preference.pairs import Pairs, build_pairs
from goldwork.preference.policy import best_of
from goldwork.preference.reward import MOST_WORDS, RewardModel, train
from goldwork.preference.style import style
from goldwork.testing import simulate_preferences

DRAWN, VOTES, PEOPLE, BAD = 2000, 3, 60, 0.4
"""Under noise: pairs, votes each, people who are dealt the votes, and the share of them who are bad."""
PARTS = 4
NOISE = {"clean": "clean votes", "inverted": "40 % inverted people", "left": "40 % always left"}


OURS, PLAIN = "two coins", "plain Bradley-Terry"
AIMS = {
    ("clean", "votes alike"): "at least -.3",
    ("inverted", PLAIN): "at least 6",
    ("left", "majority"): "at least 0",
}


def main(arguments: list[str]) -> None:
    """Print a line for every figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks preference --", description=__doc__)
    parser.add_argument("--only", choices=("people", "noise", "speed", "loop"))
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args(arguments)
    if options.only in (None, "speed"):
        speed()
    if options.only in (None, "loop"):
        loop(options.seeds)
    root = Path(os.environ.get("GOLDWORK_DATA", BESIDE)) / "ukp_convarg1"
    if options.only in (None, "people", "noise"):
        if not root.is_dir():
            sys.exit(f"there are no data in {root}: set GOLDWORK_DATA to the folder that has them")
        recorded = Recorded.read(root)
        if options.only != "noise":
            people(recorded)
        if options.only != "people":
            noise(recorded, options.seeds)


@dataclasses.dataclass(frozen=True)
class Recorded:
    """The pairs as items, with their debate; and the votes: item, annotator, label."""

    items: Items
    debate: dict[str, str]
    votes: list[tuple[str, str, str]]

    @classmethod
    def read(cls, folder: Path) -> Recorded:
        lines = (folder / "arguments.jsonl").read_bytes().splitlines()
        texts = {row["id"]: row["text"] for row in map(msgspec.json.decode, lines)}
        with gzip.open(folder / "comparisons.csv.gz", "rt", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        pairs = {row["item"]: row for row in rows}
        items = Items.from_records(
            {
                "id": name,
                "prompt": name.split("|")[0].split("_")[0],
                "left": texts[row["left"]],
                "right": texts[row["right"]],
            }
            for name, row in pairs.items()
        )
        debate = {name: name.split("|")[0].split("_")[0] for name in pairs}
        return cls(items, debate, [(row["item"], row["annotator"], row["choice"]) for row in rows])

    def table(self) -> Judgements:
        columns = zip(*self.votes, strict=True)
        return Judgements.from_columns(
            dict(zip(("item", "annotator", "label"), map(list, columns), strict=True)), duplicates="repeat"
        )


def people(recorded: Recorded) -> None:
    """How near the reward model comes to people, debates left out, by both ways of counting votes."""
    for method in ("two-coin", "shares"):
        pairs = build_pairs(recorded.table(), recorded.items, method=method)  # type: ignore[arg-type]
        made = train(pairs)
        found = evaluate(pairs, made.unseen, made.model.temperature, length=made.length_only, style=made.style_only)
        assert found.people is not None
        assert found.parity is not None
        named = f"UKPConvArg1, {method}"
        second = found.people.value
        report(
            f"{named}: single votes predicted",
            found.votes.value,
            "share",
            "a second person",
            found.votes.value / second,
        )
        report(f"{named}: votes that a second person predicts", second, "share")
        span = found.parity.low, found.parity.high
        report(f"{named}: parity", found.parity.value, "ratio", span=span, aim="at least .93")
        for what, alone in (("length", found.length), ("style", found.style)):
            report(
                f"{named}: votes that {what} alone predicts",
                alone.value,
                "share",
                "a second person",
                alone.value / second,
            )
        report(f"{named}: calibration error less its null", found.reliability.excess, "share", aim="at most .03")
        assert found.ceiling_low is not None
        report(f"{named}: ceiling, at least", found.ceiling_low, "share")
        report(f"{named}: ceiling, at most", found.ceiling_high, "share")


def noise(recorded: Recorded, seeds: int) -> None:
    """Accuracy against the majority of debates left out, of models from few votes by people some of whom are bad.

    `plain` is Bradley-Terry as others fit it: scikit-learn's logistic regression, with its own penalty, on a row for
    every vote. `votes alike` has the penalty of our model besides, chosen by prompts left out, which alone mends much.
    """
    names = sorted(set(recorded.debate.values()))
    accuracy: dict[tuple[str, str], list[float]] = {}
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        left_out = set(names[seed % PARTS :: PARTS])
        dealt = list(_deal(recorded, left_out, rng))
        test = _majorities(recorded, left_out)
        for kind in NOISE:
            table = _spoil(dealt, kind, rng)
            for how in (OURS, "votes alike", "majority"):
                model = train(_pairs(table, recorded.items, how)).model
                accuracy.setdefault((kind, how), []).append(_right(model, recorded.items, test))
            accuracy.setdefault((kind, PLAIN), []).append(
                _plain(build_pairs(table, recorded.items), recorded.items, test)
            )
    for kind, words in NOISE.items():
        ours = 100 * np.array(accuracy[kind, OURS])
        for how in (PLAIN, "votes alike", "majority"):
            gain = ours - 100 * np.array(accuracy[kind, how])
            half = float(stdtrit(seeds - 1, 0.975) * gain.std(ddof=1) / seeds**0.5)
            mean = float(gain.mean())
            ratio = mean / 100 / float(np.mean(accuracy[kind, how])) + 1
            span = mean - half, mean + half
            report(f"{words}: above {how}", mean, "points", how, ratio, span=span, aim=AIMS.get((kind, how), ""))
        report(f"{words}: accuracy by two coins", ours.mean() / 100, "share", span=drawn_again(ours / 100))
    most = 100 * (np.array(accuracy["clean", OURS]) - accuracy["inverted", PLAIN])
    report(
        f"{NOISE['inverted']}: clean votes above plain, the most to be had",
        most.mean(),
        "points",
        span=drawn_again(most),
    )


def _plain(pairs: Pairs, items: Items, test: dict[str, int]) -> float:
    """Accuracy of scikit-learn's logistic regression on decided votes, with the features of our model."""
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    prompts, responses = pairs.prompts[pairs.of_prompt].tolist(), pairs.responses.tolist()
    scaler = StandardScaler().fit(style(prompts, responses))
    words = Weights.of(count_words(responses), most=MOST_WORDS)

    def features(prompts: list[str], responses: list[str]) -> Any:
        form = sparse.csr_matrix(scaler.transform(style(prompts, responses)))
        return sparse.hstack([form, words.apply(count_words(responses))], format="csr")

    votes = pairs.ballots.where(pairs.ballots.outcome != 0)
    seen = features(prompts, responses)
    model = LogisticRegression(fit_intercept=False, max_iter=3000)
    model.fit(seen[pairs.first[votes.pair]] - seen[pairs.second[votes.pair]], votes.outcome > 0)
    rows = [items.payload(item) for item in test]
    asked = [row["prompt"] for row in rows]
    left, right = (features(asked, [row[side] for row in rows]) for side in ("left", "right"))
    return float((model.predict(left - right) == (np.array(list(test.values())) > 0)).mean())


def _deal(recorded: Recorded, left_out: set[str], rng: np.random.Generator) -> Iterator[tuple[str, int, bool, bool]]:
    """Pair, person, whether left won, whether it was shown swapped: decided votes dealt anew to few people."""
    votes: dict[str, list[bool]] = {}
    for item, _, label in recorded.votes:
        if recorded.debate[item] not in left_out and label != "tie":
            votes.setdefault(item, []).append(label == "left")
    for item in rng.choice(sorted(votes), DRAWN, replace=False).tolist():
        given = rng.permutation(votes[item])[:VOTES].tolist()
        who = rng.choice(PEOPLE, len(given), replace=False).tolist()
        yield from ((item, one, left, bool(rng.random() < 0.5)) for one, left in zip(who, given, strict=True))


def _spoil(dealt: list[tuple[str, int, bool, bool]], kind: str, rng: np.random.Generator) -> Judgements:
    bad = set(rng.permutation(PEOPLE)[: round(BAD * PEOPLE)].tolist())
    rows: list[dict[str, Any]] = []
    for item, who, left, swapped in dealt:
        if who in bad and kind != "clean":
            left = not left if kind == "inverted" else not swapped
        label, shown = ("left" if left else "right"), ("right" if swapped else "left")
        rows.append({"item": item, "annotator": f"{who:02}", "label": label, "shown": shown})
    return Judgements.from_records(rows)


def _pairs(table: Judgements, items: Items, how: str) -> Pairs:
    pairs = build_pairs(table, items, method="two-coin" if how == OURS else "shares")
    if how != "majority":
        return pairs
    kept = pairs.take(pairs.probability != 0.5)
    return dataclasses.replace(kept, probability=(kept.probability > 0.5) * 1.0, weight=np.ones(len(kept)))


def _majorities(recorded: Recorded, left_out: set[str]) -> dict[str, int]:
    lead: dict[str, int] = {}
    for item, _, label in recorded.votes:
        if recorded.debate[item] in left_out:
            lead[item] = lead.get(item, 0) + {"left": 1, "right": -1}.get(label, 0)
    return {item: int(np.sign(number)) for item, number in lead.items() if number}


def _right(model: RewardModel, items: Items, test: dict[str, int]) -> float:
    rows = [items.payload(item) for item in test]
    prompts = [row["prompt"] for row in rows]
    first, second = (model.score(prompts, [row[side] for row in rows]).reward for side in ("left", "right"))
    return float((np.sign(first - second) == np.array(list(test.values()))).mean())


def speed() -> None:
    """10,000 pairs with 50,000 votes: CPU seconds of one core, from the tables on."""
    simulated = simulate_preferences(prompts=1667, candidates=4, votes=5, annotators=100, seed=0)
    few = simulate_preferences(prompts=50)
    train(build_pairs(few.table, few.items))  # what is imported at first use is no part of it
    times: dict[str, list[float]] = {"pairs": [], "reward model": []}
    for _ in range(3):
        begun = time.process_time()
        pairs = build_pairs(simulated.table, simulated.items)
        middle = time.process_time()
        train(pairs)
        times["pairs"].append(middle - begun)
        times["reward model"].append(time.process_time() - middle)
    whole = float(np.median(np.sum(list(times.values()), axis=0)))
    report(f"{len(pairs):,} pairs, {len(simulated.table):,} votes: both", whole, "CPU s", aim="under 2")
    for what, taken in times.items():
        report(f"{len(pairs):,} pairs, {len(simulated.table):,} votes: {what}", float(np.median(taken)), "CPU s")


def loop(seeds: int) -> None:
    """Trained on noisy people, best of 16 against a candidate at random: who wins by the hidden worth."""
    won: list[float] = []
    for seed in range(seeds):
        simulated = simulate_preferences(prompts=100, votes=3, clickers=3, inverted=2, seed=seed)
        model = train(build_pairs(simulated.table, simulated.items), seed=seed).model
        others = simulate_preferences(prompts=100, candidates=16, votes=1, seed=1000 + seed)
        candidates: dict[str, list[str]] = {}
        columns = others.items.columns
        for prompt, *texts in zip(columns["prompt"], columns["left"], columns["right"], strict=True):
            those = candidates.setdefault(prompt, [])
            those.extend(text for text in texts if text not in those)
        rng = np.random.default_rng(seed)
        for choice in best_of(model, candidates):
            old = others.worth[str(rng.choice(candidates[choice.prompt]))]
            new = others.worth[choice.response]
            won.append(1.0 if new > old else 0.5 if new == old else 0.0)
    report(
        "closed loop: best of 16 wins by the hidden worth", float(np.mean(won)), "share of prompts", aim="at least .6"
    )
