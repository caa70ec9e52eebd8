"""Comparisons and rankings against published figures, real crowds, plain MM and Crowd-Kit."""

from __future__ import annotations

import collections
import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from goldwork.consensus import Consensus, Options, infer_consensus
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from tests.reference.conftest import rows

Folder = Callable[[str], Path]

# Agresti 2002, Categorical Data Analysis, table 10.10: games of 1987 won and lost at home, against the others in order.
BASEBALL = {
    "Milwaukee": "4-3 4-2 4-3 6-1 4-2 6-0",
    "Detroit": "3-3 4-2 4-3 6-0 6-1 4-3",
    "Toronto": "2-5 4-3 2-4 4-3 4-2 6-0",
    "New York": "3-3 5-1 2-5 4-3 4-2 6-1",
    "Boston": "5-1 2-5 3-3 4-2 5-2 6-0",
    "Cleveland": "2-5 3-3 3-4 4-3 4-2 2-4",
    "Baltimore": "2-5 1-5 1-6 2-4 1-6 3-4",
}


def known(made: Consensus) -> Options:
    assert made.options is not None
    return made.options


def baseball(**options: Any) -> Consensus:
    games = []
    for home, results in BASEBALL.items():
        for away, result in zip([team for team in BASEBALL if team != home], results.split(), strict=True):
            won, lost = map(int, result.split("-"))
            games += [(home, away, "left", won), (home, away, "right", lost)]
    home, away, label, weight = zip(*[game for game in games if game[3]], strict=True)
    ids = list(range(len(home)))
    table = Judgements.from_columns({"item": ids, "annotator": [1987] * len(ids), "label": label, "weight": weight})
    items = Items.from_columns({"id": ids, "left": home, "right": away})
    return infer_consensus(table, "bradley-terry", items=items, prior=1e3, **options)


def test_agrestis_baseball() -> None:
    """Table 10.11: log-strengths against Baltimore; with the home side, strengths and its effect of .302."""
    found = known(baseball())
    score = dict(zip(found.names.tolist(), found.score.tolist(), strict=True))
    order = [name for name in BASEBALL if name != "Baltimore"]
    assert [round(score[name] - score["Baltimore"], 2) for name in order] == [1.58, 1.44, 1.29, 1.25, 1.11, 0.68]
    assert found.names.tolist() == list(BASEBALL)
    made = baseball(position=True)
    assert round(float(made.state["position"][0]), 3) == 0.302
    strength = np.exp(known(made).score)
    assert (strength / strength.sum()).round(3).tolist() == [0.22, 0.19, 0.164, 0.157, 0.137, 0.088, 0.044]


def compared(folder: Path, name: Callable[[dict[str, str]], str]) -> tuple[Judgements, Items]:
    """A set's comparisons and their items, which `name` calls."""
    path = folder / "comparisons.csv"
    if path.exists():
        found = rows(path)
    else:
        with gzip.open(f"{path}.gz", "rt", encoding="utf-8") as file:
            found = list(csv.DictReader(file))
    pairs = {name(row): (f"o{row['left']}", f"o{row['right']}") for row in found}
    about = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    table = Judgements.from_columns(
        {"item": list(map(name, found)), "annotator": [row["annotator"] for row in found],
         "label": [row["choice"] for row in found]},
        duplicates="repeat",
    )  # fmt: skip
    assert len(table) == about["labels"]
    left, right = zip(*pairs.values(), strict=True)
    return table, Items.from_columns({"id": list(pairs), "left": left, "right": right})


def by_mm(table: Judgements, items: Items) -> dict[str, float]:
    """Centred log-strengths of greatest likelihood, ties being half a win, by Hunter's MM (2004), written out.

    What evalica 0.4.2 gives for llmfao, to 4e-6.
    """
    place = {name: code for code, name in enumerate(dict.fromkeys([*items.columns["left"], *items.columns["right"]]))}
    row = {name: at for at, name in enumerate(items.ids.tolist())}
    wins = np.zeros((len(place), len(place)))
    for item, label in zip(table.items[table.item].tolist(), table.labels().tolist(), strict=True):
        one, two = (place[items.columns[side][row[item]]] for side in ("left", "right"))
        wins[one, two] += {"left": 1, "tie": 0.5, "right": 0}[label]
        wins[two, one] += {"left": 0, "tie": 0.5, "right": 1}[label]
    games, strength = wins + wins.T, np.ones(len(place))
    for _ in range(20_000):
        before = strength
        strength = wins.sum(axis=1) / (games / (strength[:, None] + strength)).sum(axis=1)
        strength /= np.exp(np.log(strength).mean())
        if np.abs(np.log(strength / before)).max() < 1e-11:
            break
    return dict(zip(place, np.log(strength).tolist(), strict=True))


def test_chat_models_stand_where_mm_puts_them(data: Folder) -> None:
    """llmfao: the order of greatest likelihood, all of its scores within the intervals; annotators change little."""
    table, items = compared(data("llmfao"), lambda row: row["item"])
    theirs = by_mm(table, items)
    for prior, apart in ((3.0, 0.01), (1000.0, 1e-5)):
        found = known(infer_consensus(table, "bradley-terry", items=items, prior=prior))
        at = np.array([theirs[name] for name in found.names.tolist()])
        assert np.abs(found.score - at).max() < apart
        assert kendalltau(found.score, at).statistic > 0.9999
        assert ((found.low < at) & (at < found.high)).all()
    tied = known(infer_consensus(table, "bradley-terry", items=items, ties="davidson"))
    assert kendalltau(tied.score, [theirs[name] for name in tied.names.tolist()]).statistic > 0.99
    made = infer_consensus(table, "crowd-bradley-terry", items=items)
    assert made.converged
    assert kendalltau(known(made).score, [theirs[name] for name in known(made).names.tolist()]).statistic > 0.8


SYSTEMS = ["online-B", "LIMSI-CNRS", "uedin-jhu-phrase", "UM-nDA", "online-A", "online-F", "online-E"]
"""The set's description: by win rate without ties, and the official order of the first three and of online-A."""


def standing(made: Consensus) -> list[str]:
    """The systems in the order found, by the names that they are known by."""
    names = known(made).names.tolist()
    return [next(system for system in SYSTEMS if name.startswith((system, f"o{system}"))) for name in names]


def test_translations_have_the_official_order(data: Folder) -> None:
    table, items = compared(data("wmt15_fre_eng"), lambda row: f"{row['segment']} {row['left']} {row['right']}")
    for name, options in (
        ("bradley-terry", {}),
        ("bradley-terry", {"ties": "davidson", "position": True}),
        ("crowd-bradley-terry", {}),
    ):
        made = infer_consensus(table, name, items=items, **options)
        assert made.converged
        assert standing(made) == SYSTEMS


def test_translations_as_rankings(data: Folder) -> None:
    """Rankings put together from their pairs; the first three systems are closer than their intervals are wide."""
    points: dict[Any, dict[str, float]] = collections.defaultdict(lambda: collections.defaultdict(float))
    with gzip.open(data("wmt15_fre_eng") / "comparisons.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            own = points[row["segment"], row["ranking"], row["annotator"]]
            own[row["left"]] += {"left": 1, "tie": 0.5, "right": 0}[row["choice"]]
            own[row["right"]] += {"left": 0, "tie": 0.5, "right": 1}[row["choice"]]
    labels = [
        [sorted(name for name in own if own[name] == value) for value in sorted(set(own.values()), reverse=True)]
        for own in points.values()
    ]
    table = Judgements.from_columns(
        {"item": [key[0] for key in points], "annotator": [key[2] for key in points], "label": objects(labels)},
        duplicates="repeat",
    )
    assert standing(infer_consensus(table, "borda", pooled=True)) == SYSTEMS
    made = infer_consensus(table, "plackett-luce", pooled=True)
    assert standing(made)[3:] == SYSTEMS[3:]
    assert set(standing(made)[:3]) == set(SYSTEMS[:3])
    found = known(made)
    assert found.score[0] - found.score[2] < (found.high - found.low)[0] / 2


def test_arguments_have_the_gold_of_their_votes(data: Folder) -> None:
    """ukp_convarg1's gold was inferred from these votes by MACE, so it tells whether methods agree, not who is right.

    On the pairs that gold decides, seeing through annotators comes nearer to it than the majority; a scale of all
    arguments, which does not see a pair's own votes, less near.
    """
    folder = data("ukp_convarg1")
    table, items = compared(folder, lambda row: row["item"])
    gold = {row["item"]: row["gold"] for row in rows(folder / "truth.csv")}
    right: dict[str, list[float]] = {}
    for name, options in (
        ("majority", {}), ("comparison-two-coin", {}), ("bradley-terry", {"items": items}),
        ("crowd-bradley-terry", {"items": items}),
    ):  # fmt: skip
        made = infer_consensus(table, name, **options)
        hits = [
            (gold[item], label == gold[item])
            for item, label in zip(made.items, made.labels, strict=True)
            if item in gold
        ]
        right[name] = [
            float(np.mean([hit for _, hit in hits])),
            float(np.mean([hit for of, hit in hits if of != "tie"])),
        ]
    assert round(right["majority"][0], 2) == 0.89
    assert right["comparison-two-coin"][0] > 0.93
    assert right["comparison-two-coin"][1] > right["majority"][1]
    assert 0.88 < right["bradley-terry"][1] < right["crowd-bradley-terry"][1] < 0.92


def test_experts_who_agree_are_followed(data: Folder) -> None:
    """pandalm_test: three experts who agree on nine of ten pairs; no item is without a majority."""
    folder = data("pandalm_test")
    table = Judgements.from_columns(
        {new: [row[old] for row in rows(folder / "comparisons.csv")] for new, old in
         (("item", "item"), ("annotator", "annotator"), ("label", "choice"))}
    )  # fmt: skip
    made = infer_consensus(table, "comparison-two-coin")
    majority = infer_consensus(table, "majority")
    assert not majority.ties.any()
    assert (made.labels == majority.labels).mean() > 0.995
    assert made.annotators is not None
    assert made.annotators.low.min() > 0.92
    assert np.abs(made.annotators.more["position"]).max() < 0.05


def test_crowd_kit_stops_after_two_steps() -> None:
    """Its Bradley-Terry compares the new scores with themselves; ours is where the likelihood is greatest."""
    import pandas as pd
    from crowdkit.aggregation import BradleyTerry

    rng = np.random.default_rng(0)
    true = np.linspace(-2, 2, 12)
    left = rng.integers(0, 12, 3000)
    right = (left + rng.integers(1, 12, 3000)) % 12
    winner = np.where(rng.random(3000) < 1 / (1 + np.exp(true[right] - true[left])), left, right)
    frame = pd.DataFrame({"worker": 0, "left": left, "right": right, "label": winner})

    def steps(n: int) -> Any:
        scores = BradleyTerry(n_iter=n).fit_predict(frame)
        return np.log(scores.loc[range(12)].to_numpy()) - np.log(scores.to_numpy()).mean()

    assert (steps(2) == steps(1000)).all()
    ids = np.arange(3000)
    table = Judgements.from_columns(
        {"item": ids, "annotator": 0 * ids, "label": np.where(winner == left, "left", "right")}
    )
    items = Items.from_columns({"id": ids, "left": left, "right": right})
    found = known(infer_consensus(table, "bradley-terry", items=items, prior=1e3))
    ours = found.score[np.argsort(found.names.astype(int))]
    theirs = by_mm(table, Items.from_columns({"id": ids, "left": left.astype(str), "right": right.astype(str)}))
    assert np.abs(ours - [theirs[str(option)] for option in range(12)]).max() < 1e-4
    assert np.abs(ours - true).max() < 0.3 < 0.9 < np.abs(steps(1000) - true).max()
