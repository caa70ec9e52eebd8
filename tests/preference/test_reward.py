"""The reward model: what it learns of simulated people, what it refuses, and what evaluation says of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from goldwork.errors import InputError
from goldwork.preference.evaluate import _coefficient, evaluate
from goldwork.preference.pairs import Pairs, build_pairs
from goldwork.preference.reward import RewardModel, Trained, train
from goldwork.preference.style import NAMES, style
from goldwork.testing import simulate_preferences


@pytest.fixture(scope="module")
def taught() -> tuple[Pairs, Trained, dict[str, float]]:
    simulated = simulate_preferences(prompts=80, seed=1)
    pairs = build_pairs(simulated.table, simulated.items)
    return pairs, train(pairs), simulated.worth


def test_it_learns_the_hidden_worth(taught: tuple[Pairs, Trained, dict[str, float]]) -> None:
    pairs, made, worth = taught
    reward = made.model.score(pairs.prompts[pairs.of_prompt].tolist(), pairs.responses.tolist()).reward
    assert np.corrcoef(reward, [worth[text] for text in pairs.responses])[0, 1] > 0.9


def test_the_fit_is_scikit_learns_logistic_regression_on_differences() -> None:
    from sklearn.linear_model import LogisticRegression

    from goldwork.preference.reward import _Design

    simulated = simulate_preferences(prompts=30, seed=3)
    pairs = build_pairs(simulated.table, simulated.items, method="shares")
    form = style(pairs.prompts[pairs.of_prompt].tolist(), pairs.responses.tolist())
    form = (form - form.mean(axis=0)) / np.maximum(form.std(axis=0), 1e-9)
    ours = _Design(form).fit(pairs, pairs.weight, 2.0)
    rows = np.vstack([form[pairs.first] - form[pairs.second]] * 2)
    label = np.r_[np.ones(len(pairs)), np.zeros(len(pairs))]
    weight = np.r_[pairs.weight * pairs.probability, pairs.weight * (1 - pairs.probability)]
    theirs = LogisticRegression(C=0.5, fit_intercept=False, tol=1e-8, max_iter=5000).fit(
        rows, label, sample_weight=weight
    )
    np.testing.assert_allclose(rows @ ours, rows @ theirs.coef_[0], atol=0.02)


def test_the_same_seed_gives_the_same_model(taught: tuple[Pairs, Trained, dict[str, float]]) -> None:
    pairs, made, _ = taught
    again = train(pairs).model
    np.testing.assert_array_equal(again.coefficients, made.model.coefficients)
    assert not np.array_equal(train(pairs, seed=1).model.coefficients[1:], made.model.coefficients[1:])


def test_no_prompt_is_judged_by_its_own_pairs() -> None:
    """Labels by a coin, one response to each prompt told by a word of its own: what is left out cannot be known."""
    rng = np.random.default_rng(0)
    simulated = simulate_preferences(prompts=60, candidates=2, votes=1, seed=5)
    pairs = build_pairs(simulated.table, simulated.items)
    coin = rng.integers(0, 2, len(pairs)).astype(float)
    made = train(dataclasses.replace(pairs, probability=coin))
    assert abs(((made.unseen > 0) == (coin > 0.5)).mean() - 0.5) < 0.2


def test_a_model_is_the_same_read_again(taught: tuple[Pairs, Trained, dict[str, float]], tmp_path: Path) -> None:
    pairs, made, _ = taught
    made.model.save(tmp_path / "m.npz")
    read = RewardModel.load(tmp_path / "m.npz")
    texts = ["First measure, then cut.", "", "It really depends. 👍"]
    np.testing.assert_allclose(
        read.score(["p"] * 3, texts).reward, made.model.score(["p"] * 3, texts).reward, atol=1e-4
    )
    assert read.has_seen(pairs.prompts).all()
    assert not read.has_seen(np.array(["another prompt"], object)).any()
    assert [path.name for path in tmp_path.iterdir()] == ["m.npz"]


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 broken"])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.npz").write_bytes(content)
    with pytest.raises(InputError, match="is no reward model"):
        RewardModel.load(tmp_path / "m.npz")
    with pytest.raises(InputError, match="no such file"):
        RewardModel.load(tmp_path / "none.npz")


def test_one_prompt_and_all_ties_are_refused() -> None:
    one = simulate_preferences(prompts=1, seed=0)
    with pytest.raises(InputError, match="pairs of 2 prompts"):
        train(build_pairs(one.table, one.items))
    two = simulate_preferences(prompts=5, seed=0)
    pairs = build_pairs(two.table, two.items)
    with pytest.raises(InputError, match="all are ties"):
        train(dataclasses.replace(pairs, probability=np.full(len(pairs), 0.5)))


def test_progress_is_told(taught: tuple[Pairs, Trained, dict[str, float]]) -> None:
    told: list[tuple[str, int, int]] = []
    train(taught[0], progress=lambda *said: told.append(said))
    assert {phase for phase, _, _ in told} == {"features", "cross-validation", "ensemble"}
    assert all(done <= of for _, done, of in told)


def test_what_style_is_paid_is_told_with_its_range(taught: tuple[Pairs, Trained, dict[str, float]]) -> None:
    model = taught[1].model
    assert list(model.style) == list(NAMES)
    worth, least, most = np.array(list(model.style.values())).T
    np.testing.assert_array_equal(worth, model.coefficients[0, : len(NAMES)])
    every = model.coefficients[:, : len(NAMES)]
    np.testing.assert_array_equal([least, most], [every.min(axis=0), every.max(axis=0)])
    assert (least < most).any()


def test_style_is_counted() -> None:
    rows = style(["why so"], ["So! It is **so**:\n- one, 2\n- two\n```\nx\n```\nhttp://a"])
    told = dict(zip(NAMES, rows[0].tolist(), strict=True))
    assert told["exclamations"] > 0
    assert told["list items"] == pytest.approx(np.log1p(2))
    assert told["bold"] == told["code"] == pytest.approx(np.log1p(1))
    assert told["words of the prompt"] == 0.5
    assert np.isfinite(style([""], [""])).all()


def test_evaluation_of_a_perfect_and_of_a_useless_model(taught: tuple[Pairs, Trained, dict[str, float]]) -> None:
    pairs, _, worth = taught
    gap = np.array([worth[text] for text in pairs.responses])
    perfect = evaluate(pairs, gap[pairs.first] - gap[pairs.second], 1.0)
    assert perfect.people is not None
    assert perfect.parity is not None
    assert perfect.parity.value > 1
    assert perfect.ceiling_low is not None
    assert perfect.ceiling_low < perfect.votes.value < perfect.ceiling_high + 0.02
    assert perfect.verdict == "good"
    assert perfect.reliability.excess < 0.03, "votes were drawn by these very differences"
    useless = evaluate(pairs, np.random.default_rng(0).normal(size=len(pairs)), 1.0)
    assert useless.verdict == "poor"
    assert "not good enough" in useless.sentence
    assert abs(useless.votes.value - 0.5) < 0.1


def test_a_second_person_and_the_majority_of_the_others_by_hand() -> None:
    """Pairs of 2:1 and 3:0: two of six ordered pairs agree, and all; others' majority: tie, tie, wrong; right."""
    simulated = simulate_preferences(prompts=2, candidates=2, votes=3, annotators=3, seed=0)
    pairs = build_pairs(simulated.table, simulated.items, method="shares")
    outcome = np.array([1, 1, -1, 1, 1, 1])
    ballots = dataclasses.replace(pairs.ballots, pair=np.repeat([0, 1], 3), outcome=outcome)
    pairs = dataclasses.replace(pairs, votes=np.array([[2, 1, 0], [3, 0, 0]]), ballots=ballots)
    found = evaluate(pairs, np.array([1.0, -1.0]), 1.0)
    assert found.people is not None
    assert found.people.value == pytest.approx((3 * (2 / 6) + 3 * 1) / 6)
    assert found.ceiling_low == pytest.approx((0.5 + 0.5 + 0 + 3) / 6)
    assert found.ceiling_high == pytest.approx(5 / 6)
    assert found.votes.value == pytest.approx(2 / 6)


def test_the_position_coefficient_is_recovered_and_covered() -> None:
    inside = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        of, z = np.repeat(np.arange(100), 5), rng.normal(size=500)
        shown = rng.choice([-1.0, 1.0], 500)
        first = rng.random(500) < expit(z + 0.4 * shown)
        found = _coefficient(z, shown, first, of)
        inside += found.low <= 0.4 <= found.high
    assert 88 <= inside <= 100


def test_votes_that_say_nothing_are_refused(taught: tuple[Pairs, Trained, dict[str, float]]) -> None:
    pairs = taught[0]
    ties: Any = dataclasses.replace(pairs.ballots, outcome=np.zeros_like(pairs.ballots.outcome))
    with pytest.raises(InputError, match="no vote is for one of the two"):
        evaluate(dataclasses.replace(pairs, ballots=ties), np.zeros(len(pairs)), 1.0)
