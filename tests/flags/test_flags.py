"""What each flag finds, what it leaves alone, and how findings are chosen. Power at length: benchmarks/flags.py."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from benchmarks._habits import kind_of, make
from goldwork.errors import InputError, UnknownNameError
from goldwork.flags import Finding, benjamini_hochberg, find_flags, flag, threshold
from goldwork.flags.bets import earlier, log_path, own_habit
from goldwork.flags.drift import path_and_start
from goldwork.flags.elementary import log_elementary
from goldwork.flags.fatigue import session_gains
from goldwork.flags.peers import peers_of
from goldwork.flags.straight_lining import longest_run
from goldwork.judgements import Judgements
from goldwork.testing import check_flag
from goldwork.testing.flags import honest_people_are_left_in_peace

HONEST = ["good"] * 24 + ["slow"] * 2 + ["quick"] * 2 + ["poor"] * 2


def flagged(kind: str, name: str, *, each: int, bad: int, seed: int = 1) -> tuple[set[str], float]:
    """The kinds of those whom `name` flags, and the share of the bad ones among them."""
    table, gold, items = make([*HONEST, *[kind] * bad], each=each, seed=seed)
    found = [one for one in find_flags(table, gold=gold, items=items, names=[name]) if one.about == "annotator"]
    kinds = [kind_of(one.subject) for one in found]
    return set(kinds), kinds.count(kind) / bad


@pytest.mark.parametrize(
    ("kind", "name"),
    [("fast", "fast"), ("run", "straight-lining"), ("const", "skew"), ("random", "random"), ("pos", "position")],
)
def test_at_150_judgements_they_are_found_and_nobody_else(kind: str, name: str) -> None:
    kinds, share = flagged(kind, name, each=150, bad=4)
    assert kinds == {kind}
    assert share >= 0.75


@pytest.mark.parametrize(
    ("kind", "name", "least"), [("copy", "copying", 0.5), ("fatigue", "fatigue", 0.5), ("drift", "drift", 0.5)]
)
def test_at_400_judgements_they_are_found_and_nobody_else(kind: str, name: str, least: float) -> None:
    kinds, share = flagged(kind, name, each=400, bad=4)
    assert kinds == {kind}
    assert share >= least


def test_speed_alone_accuses_nobody() -> None:
    """People three times as fast as others and as good have no evidence against them."""
    table, gold, items = make(["good"] * 20 + ["quick"] * 10, each=150, seed=3)
    found = find_flags(table, gold=gold, items=items, names=["fast"], everything=True)
    quick = [one.e_value for one in found if kind_of(one.subject) == "quick"]
    assert quick
    assert max(one or 0.0 for one in quick) < 5


def test_another_norm_is_not_random_nor_fast() -> None:
    """Who gives 2 where others give 1, nearly always, follows the items in a way of their own."""
    table, gold, items = make([*HONEST, *["norm"] * 5], each=150, seed=4)
    found = find_flags(table, gold=gold, items=items, names=["random", "fast", "straight-lining"], everything=True)
    norm = [one.e_value or 0.0 for one in found if kind_of(one.subject) == "norm"]
    assert np.mean(np.array(norm) < threshold()) >= 0.9


def test_two_experts_among_many_poor_annotators_do_not_copy() -> None:
    """They agree far more than the others let one expect, also where most are wrong; that is skill."""
    rng, rows = np.random.default_rng(3), []
    for n, who in itertools.product(range(400), range(7)):
        right = rng.random() < (0.98 if who < 2 else 0.7)
        label = n % 3 if right else int((n + rng.integers(1, 3)) % 3)
        rows.append({"item": n, "annotator": f"p{who}", "label": label, "submitted_at": n * 10 + who})
    assert not [one for one in find_flags(Judgements.from_records(rows)) if one.about == "annotator"]


@pytest.mark.parametrize("classes", [2, 5])
def test_honest_people_s_e_values_obey_ville_at_every_look(classes: int) -> None:
    """Over eight looks at growing tables, few of forty honest people ever reach what few may; by each flag."""
    table, gold, items = make(HONEST + ["good"] * 10, each=120, classes=classes, seed=21)
    place = np.empty(len(table))
    for code in range(len(table.annotators)):
        mine = np.flatnonzero(table.annotator == code)
        place[mine[np.argsort(table.context["submitted_at"][mine])]] = np.arange(len(mine)) / len(mine)
    names = [name for name in flag.names() if flag.facts(name)["about"] == "annotator"]
    highest: dict[tuple[str, str], float] = {}
    for look in range(1, 9):
        part = table.take(place < look / 8).compact()
        for one in find_flags(part, gold=gold, items=items, names=names, everything=True):
            if one.about == "annotator" and kind_of(one.subject) != "poor":
                key = one.flag, one.subject
                highest[key] = max(highest.get(key, 0.0), one.e_value or 0.0)
    for name in names:
        reached = np.array([value for (by, _), value in highest.items() if by == name])
        assert len(reached) >= 25
        for least in (5, 10, 100):
            # Twice the standard error above the bound.
            assert (reached >= least).mean() <= 1 / least + 2 * np.sqrt(1 / least / len(reached)), (name, least)


def test_a_lot_of_right_and_wrong_answers_has_a_mean_of_one_over_its_orders() -> None:
    """Whichever the person's skill, by enumeration; answers that are all alike move nothing."""
    place = np.arange(7) / 7
    for right in (0, 3, 7):
        orders = np.array([np.isin(np.arange(7), chosen) for chosen in itertools.combinations(range(7), right)], float)
        alike = np.zeros(orders.shape)
        made = session_gains(orders, alike, [alike - fall * place for fall in (1.0, 3.5)])
        assert np.exp(made).mean(axis=0) == pytest.approx([1, 1])


def test_a_session_of_a_thousand_answers_stays_finite() -> None:
    rng = np.random.default_rng(4)
    right = (rng.random((1, 1000)) < 0.8).astype(float)
    ease, place = rng.normal(1, 1, (1, 1000)), np.minimum(np.arange(1000) / 50, 1.5)
    made = session_gains(right, ease, [ease - fall * place for fall in (1.0, 3.5)])
    assert made.shape == (1, 2)
    assert ((made > -100) & (made < 5)).all()
    assert log_elementary(np.zeros((3, 2000)), np.array([0, 1, 2000])) == pytest.approx([0, np.log(2000), 0], abs=1e-8)


def test_items_sorted_by_class_make_no_straight_liners() -> None:
    rng = np.random.default_rng(5)
    truth = np.repeat([*"abc"], 40)
    rows = [
        {"item": n, "annotator": who, "label": t if rng.random() < 0.9 else "a", "submitted_at": n}
        for n, t in enumerate(truth.tolist())
        for who in ("ann", "bob", "cam", "dot")
    ]
    [*found] = find_flags(Judgements.from_records(rows), names=["straight-lining"], everything=True)
    assert len(found) == 4
    assert all((one.e_value or 0.0) < 5 for one in found)
    assert all(one.evidence["length"] > 10 for one in found), "long runs there are"


def test_copying_names_the_pair() -> None:
    table, gold, items = make([*HONEST, "copy", "copy"], each=400, seed=6)
    found = find_flags(table, gold=gold, items=items, names=["copying"])
    [one, two] = found
    assert (one.evidence["with"], two.evidence["with"]) == (two.subject, one.subject)
    assert one.subject in one.sentence
    assert two.subject in one.sentence


def test_nearly_copied_texts_are_told_from_texts_about_the_same() -> None:
    rng, rows = np.random.default_rng(13), []
    words = np.array([f"w{n}" for n in range(300)])
    for n in range(40):
        about = rng.choice(words, 12, replace=False).tolist()
        for who in range(8):
            text = [word if rng.random() < 0.6 else str(rng.choice(words)) for word in about] + [
                "and",
                "so",
                "on",
                "ever",
            ]
            if who == 6:
                copied = text
            if who == 7 and rng.random() < 0.7:
                text = [*copied[:-1], "again"]
            rows.append({"item": n, "annotator": f"p{who}", "label": " ".join(text), "submitted_at": n * 10 + who})
    found = find_flags(Judgements.from_records(rows), names=["copying", "skew"], everything=True)
    strong = {one.subject: one.evidence["with"] for one in found if (one.e_value or 0.0) >= threshold()}
    assert strong == {"p6": "p7", "p7": "p6"}
    assert len(found) == 8
    assert "no choice among classes" in found.notes[0]


def test_what_is_missing_is_said() -> None:
    rows = [{"item": n, "annotator": who, "label": n % 2} for n in range(30) for who in "ab"]
    notes = " ".join(find_flags(Judgements.from_records(rows)).notes)
    for name, column in (("fast", "seconds"), ("position", "shown"), ("drift", "submitted_at"), ("disputed", "gold")):
        assert f"{name}: not asked" in notes
        assert column in notes
    alone = [{"item": n, "annotator": "a", "label": n % 2} for n in range(30)]
    assert "nobody to compare with" in " ".join(find_flags(Judgements.from_records(alone), names=["skew"]).notes)


def test_one_order_on_screen_is_no_lot() -> None:
    rows = [
        {"item": n, "annotator": who, "label": "left", "shown": "left"} for n in range(30) for who in ("ann", "bob")
    ]
    assert "one order" in find_flags(Judgements.from_records(rows), names=["position"]).notes[0]
    for row in rows[::2]:
        row["shown"] = "right"
    found = find_flags(Judgements.from_records(rows), names=["position"], everything=True)
    assert {one.subject: round(one.statistic, 2) for one in found} == {"ann": 0.5, "bob": 0.5}


def test_an_item_that_splits_people_is_ambiguous() -> None:
    rng = np.random.default_rng(7)
    rows = [
        {"item": n, "annotator": who, "label": "xy"[who % 2] if n < 3 else ("x" if rng.random() < 0.95 else "y")}
        for n in range(80)
        for who in range(12)
    ]
    found = find_flags(Judgements.from_records(rows), names=["ambiguous"])
    assert {one.subject for one in found} == {0, 1, 2}


def test_gold_that_all_contradict_is_disputed() -> None:
    rows = [{"item": n, "annotator": who, "label": "ab"[n % 2]} for n in range(60) for who in range(6)]
    gold = {n: "ab"[n % 2] for n in range(60)} | {10: "b"}
    [one] = find_flags(Judgements.from_records(rows), gold=gold, names=["disputed"])
    assert one.subject == 10
    assert one.evidence == {"gold": "b", "for_gold": 0, "against": "a", "people": 6}


def test_an_item_that_takes_long_is_an_outlier() -> None:
    rng = np.random.default_rng(8)
    rows = [
        {"item": n, "annotator": who, "label": "a", "seconds": float(np.exp(rng.normal(1 + (n == 4) * 0.7, 0.4)))}
        for n in range(60)
        for who in range(6)
    ]
    [one] = find_flags(Judgements.from_records(rows), names=["outlier"])
    assert one.subject == 4
    assert one.low < np.exp(0.7) < one.high


def test_classes_confused_more_than_by_chance() -> None:
    rng = np.random.default_rng(9)
    rows = []
    for n, who in itertools.product(range(200), range(5)):
        true = "abcd"[n % 4]
        wrong = "b" if true == "a" else rng.choice([one for one in "abcd" if one != true])
        rows.append({"item": n, "annotator": who, "label": true if rng.random() < 0.85 else str(wrong)})
    found = find_flags(Judgements.from_records(rows), names=["confused"])
    assert [one.subject for one in found] == ["a -> b"]


# How findings are chosen, and refusals.


def finding(p_value: float) -> Finding:
    return Finding("x", "item", p_value, 0, 0, 0, 1, "", "", {}, p_value=p_value)


def kept(values: Sequence[float], share: float = 0.05) -> list[float]:
    return [one.subject for one in benjamini_hochberg([finding(value) for value in values], share)]


def test_benjamini_and_hochberg() -> None:
    """The example of their paper (1995, p. 295): four of fifteen are rejected at .05."""
    values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528]
    assert kept([*values, 0.7590, 1.0]) == values[:4]
    assert kept([]) == []
    assert kept([0.2, 0.9]) == []


def test_the_threshold_shares_alpha_over_the_flags_about_people() -> None:
    people = [name for name in flag.names() if flag.facts(name)["about"] == "annotator"]
    assert threshold(0.01) == pytest.approx(len(people) / 0.01)
    assert set(people) == {"copying", "drift", "fast", "fatigue", "position", "random", "skew", "straight-lining"}


def test_refusals() -> None:
    table = Judgements.from_records([{"item": 1, "annotator": "a", "label": 1}])
    with pytest.raises(UnknownNameError, match="skew"):
        find_flags(table, names=["none"])
    with pytest.raises(InputError, match="alpha"):
        find_flags(table, alpha=0)
    with pytest.raises(InputError, match="question"):
        find_flags(table, question="none")


# The formulas against their definitions.


def test_the_path_is_the_mixture_over_the_best_honest_explanation() -> None:
    against, honest = np.log([[0.5, 0.2], [0.1, 0.9]]), np.log([[0.3, 0.3], [0.6, 0.1]])
    path = log_path(against, honest, ordered=True)
    assert np.exp(path) == pytest.approx([0.3 / 0.6, (0.05 + 0.045) / 0.09])
    assert np.exp(log_path(against, honest, ordered=False)) == pytest.approx([(0.05 + 0.045) / 0.09])


def test_habit_is_a_probability_whatever_came_before() -> None:
    codes = np.array([0, 2, 2, 1, 2])
    assert earlier(codes).tolist() == [0, 0, 1, 0, 2]
    assert own_habit(codes, 3) == pytest.approx([1 / 3, 0.5 / 2.5, 1.5 / 3.5, 0.5 / 4.5, 2.5 / 5.5])
    for place in range(1, 5):
        total = sum(own_habit(np.r_[codes[:place], code], 3)[-1] for code in range(3))
        assert total == pytest.approx(1)


def test_a_session_is_a_likelihood_ratio_given_its_total() -> None:
    """Over all orders with m right, under the honest model, the expectation is 1; and it is the one by enumeration."""
    rng = np.random.default_rng(10)
    ease, place = rng.normal(0, 1, 7), np.arange(7) / 5
    orders = np.array([np.isin(np.arange(7), chosen) for chosen in itertools.combinations(range(7), 4)], float)
    honest = np.exp(orders @ ease)
    for fall in (1.0, 2.0, 3.5):
        tired = np.exp(orders @ (ease - fall * place))
        # A place with no answer changes nothing.
        padded = np.full((35, 8), -np.inf), np.full((35, 8), -np.inf)
        padded[0][:, :7], padded[1][:, :7] = ease, ease - fall * place
        made = session_gains(np.pad(orders, ((0, 0), (0, 1))), padded[0], [padded[1]])[:, 0]
        assert np.exp(made) == pytest.approx((tired / tired.sum()) / (honest / honest.sum()))


def test_drift_finds_when() -> None:
    right = np.r_[np.ones(100, bool), np.tile([True, False], 60)]

    def says(skill: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        share = 1 / (1 + np.exp(-1.5 - skill))
        return np.where(right, share, 1 - share)

    path, start = path_and_start(says, len(right))
    assert path.max() > np.log(1000)
    assert start == 100
    assert path.shape == right.shape
    right[:] = True
    assert path_and_start(says, len(right))[0].max() < 0


def test_times_as_text_are_times() -> None:
    table, gold, items = make(["good"] * 10 + ["run"], each=60, seed=12)
    columns = table.to_columns()
    stamps = np.asarray(np.asarray(columns["submitted_at"], float) * 1000).astype("datetime64[ms]").astype(str)
    as_text = Judgements.from_columns(columns | {"submitted_at": stamps.tolist()})
    names = ["straight-lining", "fatigue", "drift", "fast", "copying"]
    ours, theirs = (find_flags(one, gold=gold, items=items, names=names, everything=True) for one in (table, as_text))
    assert [one.e_value for one in theirs] == pytest.approx([one.e_value for one in ours])
    assert not ours.notes


def test_runs() -> None:
    assert longest_run(np.array([1, 2, 2, 2, 1, 1, 1, 0])) == (1, 3)


def test_what_others_let_one_expect_is_a_probability_without_ones_own_answer() -> None:
    table, gold, _ = make(["good"] * 12, each=60, seed=11)
    from goldwork.flags import Context

    peers = peers_of(table, Context(gold=gold))
    rows = np.arange(len(table))
    total = sum(peers.expect(code, rows) for code in range(len(peers.categories)))
    assert total == pytest.approx(np.ones(len(table)))
    sure = rows[peers.reference >= 0]
    assert peers.clear[sure] == pytest.approx(peers.expect(peers.reference[sure], sure))
    assert peers.says(rows)(0.0) == pytest.approx(peers.chosen)
    codes = table.coded()[0]
    for row in range(0, len(table), 17):
        others = (table.item == table.item[row]) & (rows != row)
        item = table.items[table.item[row]]
        if item in gold:
            assert peers.categories[peers.reference[row]] == gold[item]
            continue
        votes = np.bincount(codes[others], peers.weight[others], minlength=3)
        clear = votes.max() > 0 and (votes > votes.max() - 1e-6).sum() == 1
        assert peers.reference[row] == (votes.argmax() if clear else -1)


def test_the_contract_refuses_a_flag_that_accuses() -> None:
    """A flag of the fastest, by the textbook's cut, fails the contract: some honest person always is the fastest."""

    def fastest(table: Judgements, context: Any) -> list[Finding]:
        seconds = table.context["seconds"]
        median = [float(np.median(seconds[table.annotator == code])) for code in range(len(table.annotators))]
        return [
            Finding("fastest", "annotator", name, 0, 0, 0, 9, f"{name}", "x", {}, e_value=1e6 * (one < 3))
            for name, one in zip(table.annotators.tolist(), median, strict=True)
        ]

    flag("fastest", about="annotator")(fastest)
    try:
        with pytest.raises(AssertionError, match="honest person"):
            honest_people_are_left_in_peace("fastest")
    finally:
        flag._entries.pop("fastest")
        flag._facts.pop("fastest")
    check_flag("skew")
