"""Bradley-Terry with annotators: found again in simulated crowds, by the sides they saw."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from goldwork.consensus import Annotators, Consensus, Options, infer_consensus
from goldwork.consensus.comparing import Comparisons
from goldwork.consensus.strengths import Design, Strengths
from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects

NAME = "crowd-bradley-terry"


@dataclasses.dataclass(frozen=True)
class Truth:
    """Scores centred and on the scale of the mean judgement, as the method reports them; annotators' own."""

    score: Any
    slope: Any
    position: Any
    tie: Any


def simulate(
    seed: int, *, options: int, annotators: int, size: int, slope: float = 0.5, position: float = 0.3, ties: bool = True
) -> tuple[Judgements, Items, Truth]:
    rng = np.random.default_rng(seed)
    score = rng.normal(0, 1, options)
    steep, lean = rng.normal(1, slope, annotators), rng.normal(0.2, position, annotators)
    tie = rng.normal(0, 0.5, annotators) if ties else np.full(annotators, -60.0)
    left = rng.integers(0, options, size)
    right = (left + rng.integers(1, options, size)) % options
    who, shown = rng.integers(0, annotators, size), rng.choice([1.0, -1.0], size)
    h = steep[who] * (score[left] - score[right]) + shown * lean[who]
    three = np.stack([np.exp(h / 2), np.exp(-h / 2), np.exp(tie[who])])
    draw = rng.random(size) * three.sum(axis=0)
    label = np.where(draw < three[0], "left", np.where(draw < three[:2].sum(axis=0), "right", "tie"))
    table = Judgements.from_columns({
        "item": np.arange(size), "annotator": who, "label": label, "shown": np.where(shown > 0, "left", "right")
    })  # fmt: skip
    items = Items.from_columns({"id": np.arange(size), "left": left, "right": right})
    mean = np.bincount(who, minlength=annotators) @ steep / size
    return table, items, Truth((score - score.mean()) * mean, steep / mean, lean, 1 / (1 + 2 * np.exp(-tie)))


def parts(made: Consensus) -> tuple[Options, Annotators]:
    assert made.options is not None
    assert made.annotators is not None
    return made.options, made.annotators


@pytest.mark.parametrize(
    "design",
    [
        Design(2.0),
        Design(2.0, position="crowd", tie="crowd"),
        Design(2.0, "annotator", "annotator", "annotator", {"slope": 0.5, "position": 0.3, "tie": 0.7}),
        Design(2.0, "annotator", "crowd", "", {"slope": 0.5}),
        Design(2.0, "annotator", "annotator", "", {"slope": 0.5, "position": 0.3}),
    ],
)
def test_gradient_and_information_are_those_of_the_objective(design: Design) -> None:
    """By differences, with gold, weights and ties; the expected information is the observed one without slopes."""
    rng = np.random.default_rng(0)
    left = rng.integers(0, 6, 12)
    pairs = Comparisons(
        objects([*"abcdef"]), left, (left + rng.integers(1, 6, 12)) % 6, rng.integers(0, 12, 80),
        rng.integers(0, 4, 80), rng.integers(-1, 2, 80).astype(float), rng.choice([-1.0, 1.0], 80),
        rng.uniform(0.5, 2, 80), 4, None,
    )  # fmt: skip
    model = Strengths(pairs, design, np.r_[1.0, 0.0, -1.0, np.full(9, np.nan)], 3.0)
    at = model.start() + rng.normal(0, 0.3, model.size)
    gradient, information = model.slope(at)
    steps = 1e-5 * np.eye(model.size)
    slopes = np.array([(model.value(at + step) - model.value(at - step)) / 2e-5 for step in steps])
    assert np.allclose(gradient, slopes, atol=1e-7)
    whole = information.times(np.eye(model.size))
    assert np.allclose(whole, whole.T)
    assert np.allclose(np.diag(whole), information.diagonal)
    assert np.linalg.eigvalsh(whole).min() > 0
    if not model.own():
        bends = np.array([(model.slope(at + step)[0] - model.slope(at - step)[0]) / 2e-5 for step in steps])
        assert np.allclose(whole, -bends, atol=1e-7)
        assert np.allclose(model.observed(at), whole)


def test_annotators_are_found_again() -> None:
    table, items, truth = simulate(3, options=20, annotators=10, size=6000)
    options, about = parts(infer_consensus(table, NAME, items=items))
    assert np.corrcoef(options.score, truth.score[options.names.astype(int)])[0, 1] > 0.98
    assert np.abs(about.skill - truth.slope).max() < 0.3
    assert np.abs(about.more["position"] - truth.position).max() < 0.35
    assert np.abs(about.more["tie"] - truth.tie).max() < 0.08


def test_guessers_and_contrarians_are_seen_through() -> None:
    """Four who follow the scores, four who guess, three who turn them round: the order is better than without."""
    rng = np.random.default_rng(0)
    steep = np.r_[np.full(4, 2.0), np.zeros(4), np.full(3, -1.5)]
    score = np.linspace(-2, 2, 30)
    left = rng.integers(0, 30, 4000)
    right = (left + rng.integers(1, 30, 4000)) % 30
    who = rng.integers(0, 11, 4000)
    won = rng.random(4000) < 1 / (1 + np.exp(-steep[who] * (score[left] - score[right])))
    table = Judgements.from_columns(
        {"item": np.arange(4000), "annotator": who, "label": np.where(won, "left", "right")}
    )
    items = Items.from_columns({"id": np.arange(4000), "left": left, "right": right})
    made = infer_consensus(table, NAME, items=items)
    options, about = parts(made)
    plain = infer_consensus(table, "bradley-terry", items=items).options
    assert plain is not None
    near = [np.corrcoef(found.score, score[found.names.astype(int)])[0, 1] for found in (options, plain)]
    assert near[0] > 0.98 > near[1] + 0.01
    assert about.skill[:4].min() > 1
    assert (about.low[4:8] < 0).all()
    assert (about.high[4:8] > 0).all()
    assert about.high[8:].max() < 0


def test_what_stood_where_does_not_move_the_scores() -> None:
    """Everybody favours the left side of the screen, where the worse options are put: scores and answers see it."""
    rng = np.random.default_rng(3)
    size = 3000
    score = np.linspace(-1, 1, 10)
    left = rng.integers(0, 10, size)
    right = (left + rng.integers(1, 10, size)) % 10
    swapped = (score[left] > score[right]) == (rng.random(size) < 0.9)
    h = score[left] - score[right] + np.where(swapped, -1.5, 1.5)
    label = np.where(rng.random(size) < 1 / (1 + np.exp(-h)), "left", "right")
    columns = {"item": np.arange(size), "annotator": rng.integers(0, 8, size), "label": label}
    items = Items.from_columns({"id": np.arange(size), "left": left, "right": right})
    seeing = infer_consensus(Judgements.from_columns(columns | {"shown": swapped}), NAME, items=items)
    blind = infer_consensus(Judgements.from_columns(columns), NAME, items=items)
    better = np.where(score[left] > score[right], "left", "right")
    assert (seeing.labels == better).mean() > 0.95
    assert (blind.labels == better).mean() < 0.8
    assert parts(seeing)[1].more["position_low"].min() > 0.5


def test_gold_teaches_about_options_and_annotators() -> None:
    """Two camps that contradict each other, evenly: gold says which one is right."""
    rng = np.random.default_rng(0)
    score = np.linspace(-2, 2, 12)
    left = rng.integers(0, 12, 1200)
    right = (left + rng.integers(1, 12, 1200)) % 12
    who = rng.integers(0, 8, 1200)
    h = np.where(who % 2 == 0, 1.5, -1.5) * (score[left] - score[right])
    label = np.where(rng.random(1200) < 1 / (1 + np.exp(-h)), "left", "right")
    table = Judgements.from_columns({"item": np.arange(1200), "annotator": who, "label": label})
    items = Items.from_columns({"id": np.arange(1200), "left": left, "right": right})
    better = np.where(score[left] > score[right], "left", "right")
    for camp, answers in enumerate((better, np.where(better == "left", "right", "left"))):
        made = infer_consensus(table, NAME, items=items, gold=dict(enumerate(answers[:30].tolist())))
        assert (made.labels[30:] == answers[30:]).mean() > 0.95
        about = parts(made)[1]
        assert about.low[camp::2].min() > 0 > about.high[1 - camp :: 2].max()


def test_the_objective_never_falls_and_spreads_are_learned() -> None:
    for seed, (slope, position) in enumerate([(0.1, 0.05), (0.8, 0.8)]):
        table, items, _ = simulate(seed, options=15, annotators=40, size=6000, slope=slope, position=position)
        made = infer_consensus(table, NAME, items=items)
        assert made.converged
        assert np.diff(made.objective).min(initial=0) >= 0
        assert abs(made.state["spread"]["slope"] - slope) < 0.2
        assert abs(made.state["spread"]["position"] - position) < 0.25
    given = infer_consensus(table, NAME, items=items, slope_spread=0.4, position_spread=0.2, tie_spread=0.6)
    assert given.state["spread"] == {"slope": 0.4, "position": 0.2, "tie": 0.6}


def test_a_thousand_more_start_from_the_earlier_fit() -> None:
    """New options and annotators included, it comes to the same."""
    table, items, _ = simulate(2, options=60, annotators=30, size=9000)
    first = infer_consensus(table.take(np.arange(8000)).compact(), NAME, items=items)
    cold = infer_consensus(table, NAME, items=items)
    again = infer_consensus(table, NAME, items=items, start=first)
    spread: dict[str, Any] = {f"{part}_spread": value for part, value in first.state["spread"].items()}
    one, other = (infer_consensus(table, NAME, items=items, start=start, **spread) for start in (None, first))
    assert other.objective[0] > one.objective[2]
    assert np.allclose(one.objective[-1], other.objective[-1], rtol=1e-9)
    assert np.abs(parts(again)[0].score - parts(cold)[0].score).max() < 0.02
    with pytest.raises(InputError, match="an earlier result of the same method"):
        infer_consensus(table, NAME, items=items, start=infer_consensus(table, "majority"))


def test_parts_can_be_left_out() -> None:
    table, items, _ = simulate(4, options=6, annotators=5, size=300)
    bare = infer_consensus(table, NAME, items=items, position="none", ties="half")
    assert parts(bare)[1].more == {}
    alike = infer_consensus(table, NAME, items=items, position="crowd")
    assert list(parts(alike)[1].more) == ["tie", "tie_low", "tie_high"]
    assert np.isnan(parts(infer_consensus(table, NAME, items=items, intervals=False))[1].low).all()
    with pytest.raises(InputError, match="position must be one of annotator, crowd, none"):
        infer_consensus(table, NAME, items=items, position="left")
    with pytest.raises(InputError, match="slope_spread must be above 0"):
        infer_consensus(table, NAME, items=items, slope_spread=0.0)


def test_options_that_hardly_repeat_are_said() -> None:
    ids = np.arange(40)
    table = Judgements.from_columns({"item": ids, "annotator": ids % 4, "label": ["left", "right"] * 20})
    items = Items.from_columns({"id": ids, "left": 2 * ids, "right": 2 * ids + 1})
    made = infer_consensus(table, NAME, items=items)
    assert any("comparison-two-coin is made for that" in warning for warning in made.warnings)


def test_annotators_known_by_a_guess_alone_have_no_interval() -> None:
    """Five annotators of a dozen judgements do not tell how far apart they lie in the side they favour."""
    shown = 0
    for seed in range(20):
        table, items, _ = simulate(seed, options=8, annotators=5, size=60, ties=False)
        made = infer_consensus(table, NAME, items=items)
        missing = np.isnan(parts(made)[1].more["position_low"])
        shown += int((~missing).sum())
        said = [warning for warning in made.warnings if "no interval for their position effect" in warning]
        assert len(said) == int(missing.any())
    assert shown < 20
    alone = simulate(0, options=8, annotators=1, size=600, ties=False)
    assert np.isfinite(parts(infer_consensus(alone[0], NAME, items=alone[1]))[1].more["position_low"]).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "annotators", "size", "ties"), [(10, 5, 200, False), (10, 5, 1000, True), (20, 200, 2000, False)]
)
def test_intervals_cover(options: int, annotators: int, size: int, ties: bool) -> None:
    """Scores and slopes, position effects and tie rates lie in their intervals where there are any; also with ten
    judgements each."""
    inside: dict[str, list[Any]] = {"score": [], "slope": [], "position": [], "tie": []}
    apart = 0.3 if size // annotators != 40 else 0.6  # of those who are told apart less, few have an interval
    for seed in range(60 if annotators < 100 else 10):
        table, items, truth = simulate(
            seed, options=options, annotators=annotators, size=size, ties=ties, position=apart
        )
        found, about = parts(infer_consensus(table, NAME, items=items))
        score, who = truth.score[found.names.astype(int)], about.names.astype(int)
        inside["score"].append((found.low <= score) & (score <= found.high))
        inside["slope"].append(
            ((about.low <= truth.slope[who]) & (truth.slope[who] <= about.high))[~np.isnan(about.low)]
        )
        for part in ("position", "tie"):
            if part in about.more:
                value = getattr(truth, part)[who]
                low, high = about.more[f"{part}_low"], about.more[f"{part}_high"]
                inside[part].append(((low <= value) & (value <= high))[~np.isnan(low)])
    for part, held in inside.items():
        if held:
            assert 0.925 <= np.concatenate(held).mean() <= 0.985, part
