"""Differences between groups of people: what is shown, what is named, and how sure it is."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.bias import LEAST_SHOWN, group_differences
from goldwork.bias.effects import effect
from goldwork.bias.intervals import benjamini_hochberg, fisher, newcombe, welch, wilson
from goldwork.bias.privacy import shown, tells
from goldwork.errors import InputError
from goldwork.judgements import Judgements


def logistic(values: Any) -> Any:
    return 1 / (1 + np.exp(-values))


NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()


def crowd(
    seed: int, sizes: tuple[int, int], items: int, each: int, *, shift: float = 0.0,
    spread: tuple[float, float] = (0.7, 0.7),
) -> tuple[Any, Any, Any, Any, float]:  # fmt: skip
    """Yes or no to items of all kinds by two groups of people who differ among themselves; and the true difference."""
    rng = np.random.default_rng(seed)
    people = sum(sizes)
    member = np.arange(people) < sizes[0]
    ease = rng.normal(0, 1.5, items)
    lean = rng.normal(0, 1, people) * np.where(member, *spread)
    person = np.concatenate([rng.choice(people, each, replace=False) for _ in range(items)])
    item = np.repeat(np.arange(items), each)
    said = rng.random(len(item)) < logistic(ease[item] + lean[person] + shift * member[person])
    sides = [
        (logistic(ease[:, None] + add + of * NODES) * NODE_WEIGHTS).sum(axis=1)
        for add, of in zip((shift, 0.0), spread, strict=True)
    ]
    inside = np.bincount(item, member[person], items)
    weight = inside * (each - inside)
    return item, person, said * 1.0, member, float((weight * (sides[0] - sides[1])).sum() / weight.sum())


def table_of(item: Any, person: Any, labels: Any) -> Judgements:
    return Judgements.from_columns({
        "item": [f"i{n:04d}" for n in item], "annotator": [f"p{n:04d}" for n in person], "label": list(labels),
    })  # fmt: skip


def halves(people: int, first: int, names: str = "AB") -> dict[str, str]:
    return {f"p{n:04d}": names[n >= first] for n in range(people)}


class TestPrivacy:
    @given(st.lists(st.integers(0, 12), min_size=1, max_size=5), st.integers(0, 8))
    def test_nothing_small_is_shown_or_can_be_subtracted(self, sizes: list[int], unsaid: int) -> None:
        visible = shown(np.array([sizes]), np.array([unsaid]))[0]
        assert all(size >= LEAST_SHOWN for size, seen in zip(sizes, visible, strict=True) if seen)
        hidden = sum(sizes) + unsaid - sum(itertools.compress(sizes, visible))
        assert hidden == 0 or hidden >= LEAST_SHOWN or not visible.any()
        if unsaid == 0 and min(sizes) >= LEAST_SHOWN:
            assert visible.all(), "nothing is hidden without need"

    def test_a_small_group_hides_the_smallest_one_beside_it(self) -> None:
        assert shown(np.array([[50, 40, 3]]), np.array([0])).tolist() == [[True, False, False]]
        assert shown(np.array([[50, 40, 3]]), np.array([2])).tolist() == [[True, True, False]]
        assert shown(np.array([[5, 4]]), np.array([0])).tolist() == [[False, False]]

    def test_an_answer_of_one_group_alone_tells_who_is_in_it(self) -> None:
        everybody = np.array([[5, 5], [6, 5], [5, 6]])
        counts = np.array([[[5, 0], [0, 5]], [[5, 1], [1, 4]], [[4, 1], [0, 5]]])
        assert tells(counts, everybody).tolist() == [True, False, False]

    def test_an_item_shows_no_group_that_all_items_hide(self) -> None:
        item, person = (part.ravel() for part in np.indices((3, 23)))
        groups = halves(23, 20)  # 20 A and 3 B: A could be subtracted
        [found] = group_differences(table_of(item, person, ["x", "y", "y"] * 23), {"side": groups})
        assert found.groups == {}
        assert not found.classes
        assert not len(found.rows)
        assert found.notes

    def test_discreet_leaves_out_items_that_tell_a_group(self) -> None:
        item, person = (part.ravel() for part in np.indices((2, 20)))
        split = (item == 0) & (person < 10) | (item == 1) & np.isin(person, [0, 1, 2, 3, 10])
        table = table_of(item, person, np.where(split, "x", "y"))
        [found] = group_differences(table, {"side": halves(20, 10)}, draws=19)
        assert found.rows.items.tolist() == ["i0000", "i0001"]
        [found] = group_differences(table, {"side": halves(20, 10)}, draws=19, discreet=True)
        assert found.rows.items.tolist() == ["i0001"]


class TestIntervals:
    def test_fisher_is_scipys(self) -> None:
        from scipy.stats import fisher_exact

        rng = np.random.default_rng(0)
        n, m = rng.integers(10, 40, (2, 60))
        a, c = rng.binomial(n, 0.4), rng.binomial(m, 0.6)
        theirs = [fisher_exact([[a_, n_ - a_], [c_, m_ - c_]])[1] for a_, n_, c_, m_ in zip(a, n, c, m, strict=True)]
        assert fisher(a, n, c, m) == pytest.approx(theirs)

    def test_fisher_is_all_permutations(self) -> None:
        answers = np.array([1, 1, 1, 1, 0, 1, 0, 0, 0, 0])
        counts = np.array([answers[list(side)].sum() for side in itertools.combinations(range(10), 5)])
        chance = np.array([(counts == count).mean() for count in counts])
        own = chance[counts == 4][0]
        p_value = (chance <= own * (1 + 1e-9)).mean()
        assert fisher(*(np.array([n]) for n in (4, 5, 1, 5)))[0] == pytest.approx(p_value)

    def test_newcombe_as_published(self) -> None:
        """Newcombe 1998, table II, method 10: 56/70 and 48/80."""
        low, high = newcombe(*(np.array([value]) for value in (56 / 70, 70, 48 / 80, 80)))
        assert (low[0], high[0]) == pytest.approx((0.0524, 0.3339), abs=5e-5)

    def test_wilson_as_published(self) -> None:
        """Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3: 15/148."""
        low, high = wilson(np.array([15 / 148]), np.array([148]))
        assert (low[0], high[0]) == pytest.approx((0.0624, 0.1605), abs=5e-5)

    def test_welch_is_scipys(self) -> None:
        from scipy.stats import ttest_ind

        rng = np.random.default_rng(1)
        one, other = rng.normal(0, 1, 12), rng.normal(1, 3, 20)
        theirs = ttest_ind(one, other, equal_var=False)
        columns = (one.mean() - other.mean(), one.var(ddof=1), 12, other.var(ddof=1), 20)
        low, high, p_value = welch(*(np.array([value]) for value in columns))
        assert p_value[0] == pytest.approx(theirs.pvalue)
        assert (low[0], high[0]) == pytest.approx(tuple(theirs.confidence_interval()))

    def test_benjamini_and_hochberg_as_published(self) -> None:
        """Their example of 1995, section 4.1: four of fifteen."""
        published = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
                     0.6528, 0.7590, 1.0]  # fmt: skip
        assert benjamini_hochberg(np.array([*published, np.nan]), 0.05).sum() == 4


class TestEffect:
    def test_it_is_least_squares_with_items(self) -> None:
        """With one answer a person, weights are 1: the group's coefficient beside a column for every item."""
        rng = np.random.default_rng(3)
        person = np.arange(60)
        item, member = person % 7, rng.random(60) < 0.4
        values = rng.normal(0, 1, 60) + item + member
        columns = np.c_[member, np.eye(7)[item]]
        theirs = np.linalg.lstsq(columns, values, rcond=None)[0][0]
        found = effect(item, person, values, member, draws=19)
        assert found is not None
        assert found.difference == pytest.approx(theirs)
        assert found.group - found.others == pytest.approx(found.difference)

    def test_what_groups_judged_does_not_matter(self) -> None:
        """One group judges mostly easy items: no difference where there is none on the same items."""
        item = np.repeat(np.arange(40), 10)
        person = np.tile(np.arange(10), 40)
        kept = (item < 20) == (person < 5)
        kept |= (item % 20) < 2
        values = (item < 20) * 1.0
        found = effect(item[kept], person[kept], values[kept], np.arange(10) < 5, draws=19)
        assert found is not None
        assert found.difference == pytest.approx(0)

    def test_no_item_in_common_says_nothing(self) -> None:
        person = np.arange(20)
        assert effect(person // 10, person, np.ones(20), person < 10) is None

    @pytest.mark.parametrize(
        ("sizes", "shift", "spread"),
        [
            pytest.param((10, 10), 0.0, (0.7, 0.7), id="ten-null"),
            pytest.param((5, 5), 0.8, (0.7, 0.7), id="five"),
            pytest.param((10, 30), 0.8, (1.0, 0.5), id="unlike"),
        ],
    )
    def test_intervals_cover_and_nothing_is_found_where_nothing_is(
        self, sizes: tuple[int, int], shift: float, spread: tuple[float, float]
    ) -> None:
        runs, covered, rejected = 250, 0, 0
        for seed in range(runs):
            item, person, said, member, truth = crowd(seed, sizes, 50, 6, shift=shift, spread=spread)
            found = effect(item, person, said, member, seed=seed, draws=199)
            assert found is not None
            covered += found.low <= truth <= found.high
            rejected += found.p_value <= 0.05
        assert 0.91 <= covered / runs <= 0.99
        if not shift:
            assert rejected / runs <= 0.09

    def test_answers_as_units_would_accuse(self) -> None:
        """Why people are the units: of answers taken as independent, a test finds what is not there."""
        from scipy.stats import norm

        wrong = right = 0
        for seed in range(150):
            item, person, said, member, _ = crowd(seed, (10, 10), 50, 6, spread=(1.0, 1.0))
            side = member[person]
            one, other = said[side], said[~side]
            error = np.sqrt(one.var() / len(one) + other.var() / len(other))
            wrong += 2 * norm.sf(abs(one.mean() - other.mean()) / error) <= 0.05
            found = effect(item, person, said, member, seed=seed, draws=99)
            right += found is not None and found.p_value <= 0.05
        assert wrong / 150 > 0.15
        assert right / 150 < 0.09


class TestDifferences:
    def test_a_planted_difference_is_named_and_others_are_not(self) -> None:
        rng = np.random.default_rng(5)
        item, person = (part.ravel() for part in np.indices((60, 80)))
        chance = np.where(item < 6, np.where(person < 40, 0.85, 0.25), 0.4)
        table = table_of(item, person, np.where(rng.random(len(item)) < chance, "rude", "fine"))
        [found] = group_differences(table, {"side": halves(80, 40)}, draws=199)
        named = {found.rows.items[code] for code in found.rows.item[found.named]}
        planted = {f"i{n:04d}" for n in range(6)}
        assert planted <= named
        assert len(named - planted) <= 2
        assert set(found.rows.items[found.order()[:6]]) == planted
        rude = next(one for one in found.classes if one.name == "rude")
        assert rude.named
        assert set(rude.exemplars) <= planted
        assert found.groups == {"A": 40, "B": 40}
        assert found.hidden == 0

    def test_the_rule_runs_over_all_attributes(self) -> None:
        rng = np.random.default_rng(60)
        item, person = (part.ravel() for part in np.indices((40, 60)))
        table = table_of(item, person, np.where(rng.random(len(item)) < 0.5, "x", "y"))
        lots = {f"a{n}": {f"p{k:04d}": "AB"[int(rng.random() < 0.5)] for k in range(60)} for n in range(10)}
        found = group_differences(table, lots, draws=199)
        assert sum(one.named.sum() for one in found) == 0
        assert sum(made.named for one in found for made in one.classes) == 0
        assert sum(one.tested[1] for one in found) == 10 * 40 * 2

    def test_five_are_shown_and_not_tested(self) -> None:
        item, person = (part.ravel() for part in np.indices((10, 14)))
        table = table_of(item, person, np.where(person < 5, "x", "y"))
        [found] = group_differences(table, {"side": halves(14, 5)}, draws=99)
        assert found.groups == {"A": 5, "B": 9}
        assert all(one.p_value is None and not one.named for one in found.classes)
        assert np.isnan(found.rows.p_value).all()
        assert "not tested, too few people" in found.classes[0].sentence

    def test_differences_of_classes_add_up_to_nothing(self) -> None:
        item, person, said, _, _ = crowd(4, (12, 15), 40, 5, shift=0.7)
        labels = np.where(said > 0, np.where(person % 3 == 0, "x", "y"), "z")
        [found] = group_differences(table_of(item, person, labels), {"side": halves(27, 12)}, draws=19)
        assert sum(one.difference for one in found.classes) == pytest.approx(0)
        assert sum(one.share for one in found.classes) == pytest.approx(1)

    def test_means_of_ratings(self) -> None:
        rng = np.random.default_rng(7)
        item, person = (part.ravel() for part in np.indices((20, 24)))
        values = np.clip(np.rint(rng.normal(3, 1, len(item)) + (person < 12)), 1, 5).astype(int)
        [found] = group_differences(table_of(item, person, values.tolist()), {"side": halves(24, 12)}, draws=199)
        mean = next(one for one in found.classes if one.kind == "mean")
        assert mean.low < 0.95 < mean.high
        assert "A gives" in mean.sentence
        assert found.outcomes == (1, 2, 3, 4, 5, "mean")

    def test_sets_are_compared_option_by_option(self) -> None:
        item, person = (part.ravel() for part in np.indices((8, 20)))
        values = [["red", "blue"] if who < 10 and at % 2 else ["blue"] for at, who in zip(item, person, strict=True)]
        [found] = group_differences(table_of(item, person, values), {"side": halves(20, 10)}, draws=99)
        red = next(one for one in found.classes if one.name == "red")
        assert red.difference == pytest.approx(0.5)

    def test_order_of_rows_carries_no_meaning(self) -> None:
        item, person, said, _, _ = crowd(1, (10, 12), 30, 8)
        labels = np.where(said > 0, "x", "y")
        order = np.random.default_rng(0).permutation(len(item))
        one = group_differences(table_of(item, person, labels), {"side": halves(22, 10)}, draws=99)[0]
        other = group_differences(
            table_of(item[order], person[order], labels[order]), {"side": halves(22, 10)}, draws=99
        )[0]
        assert one.classes == other.classes
        assert np.array_equal(one.rows.p_value, other.rows.p_value, equal_nan=True)

    def test_edges(self) -> None:
        empty = Judgements.from_records([])
        assert group_differences(empty, {"side": {}})[0].classes == ()
        one = Judgements.from_records([{"item": 1, "annotator": "ann", "label": "x"}])
        assert group_differences(one, {"side": {"ann": "A"}})[0].groups == {}
        with pytest.raises(InputError, match="side is said of nobody"):
            group_differences(one, {"side": {"bob": "A"}})
        long = ["a long text of its own", "quite another long text"]
        texts = Judgements.from_records({"item": n, "annotator": "a", "label": t} for n, t in enumerate(long))
        with pytest.raises(InputError, match="these answers are text"):
            group_differences(texts, {"side": {"a": "A"}})
        many = table_of(np.zeros(60, int), np.arange(60), ["x"] * 60)
        with pytest.raises(InputError, match="60 groups"):
            group_differences(many, {"side": {f"p{n:04d}": str(n) for n in range(60)}})


def test_soft_labels_and_items_differences_cover() -> None:
    """Shares of a group, and differences, are those of people like them: 95 % of the intervals hold the truth."""
    rng = np.random.default_rng(8)
    people, items = 30, 400
    item, person = (part.ravel() for part in np.indices((items, people)))
    first, second = rng.beta(2, 2, (2, items))
    chance = np.where(person < 12, first[item], second[item])
    table = table_of(item, person, np.where(rng.random(len(item)) < chance, "x", "y"))
    [found] = group_differences(table, {"side": halves(people, 12)}, draws=19)
    rows, mine = found.rows, np.flatnonzero((found.rows.outcome == 0) & (found.rows.group == 0))
    place = np.array([int(name[1:]) for name in rows.items])[rows.item[mine]]
    soft = (rows.low[mine] <= first[place]) & (first[place] <= rows.high[mine])
    true = (first - second)[place]
    differing = (rows.difference_low[mine] <= true) & (true <= rows.difference_high[mine])
    assert 0.92 <= soft.mean() <= 0.98
    assert 0.92 <= differing.mean() <= 0.98
