"""Rings, edge cases, groups, confused content and edits of the guideline. How often: benchmarks/flags.py."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest

from benchmarks._findings import edge_cases, edits, groups
from benchmarks._habits import kind_of, make
from goldwork.flags import Context, find_flags
from goldwork.flags.content import lots
from goldwork.flags.edge_case import STEP, errs
from goldwork.flags.elementary import chance_of_counts, log_elementary
from goldwork.flags.guideline_edit import sign_test
from goldwork.flags.peers import peers_of
from goldwork.flags.rings import _before, met_by
from goldwork.items import Items
from goldwork.judgements import Judgements


def test_a_ring_that_shares_few_items_by_twos_is_found_and_named() -> None:
    """Eight of forty take .6 of their answers from one key; a pair shares about fifty items, right ones mostly."""
    table, gold, items = make(["good"] * 32 + ["ring"] * 8, each=300, overlap=8, seed=21)
    found = [one for one in find_flags(table, gold=gold, items=items, names=["copying"]) if one.e_value]
    assert len(found) >= 4
    assert {kind_of(one.subject) for one in found} == {"ring"}
    names = [name for one in found for name in one.evidence["with"]]
    assert np.mean([kind_of(name) == "ring" for name in names]) > 0.9
    assert "others" in found[0].sentence


def test_trust_is_learned_from_earlier_answers_alone() -> None:
    table, gold, _ = make(["good"] * 6, each=30, overlap=3, seed=22)
    met = met_by(peers_of(table, Context(gold=gold)))
    before, at = _before(met), table.context["submitted_at"]
    for n in range(0, len(met.me), 7):
        same = (met.pair == met.pair[n]) & (at[met.me] < at[met.me[n]])
        assert before[n] == pytest.approx(met.tells[same].sum(), abs=1e-9)


def test_elementary_polynomials_and_counts_are_those_by_enumeration() -> None:
    rng = np.random.default_rng(23)
    logs, happens = rng.normal(0, 2, (1, 6)), rng.random((1, 6))
    counts = chance_of_counts(happens)[0]
    for m in range(7):
        subsets = [list(one) for one in itertools.combinations(range(6), m)]
        assert np.exp(log_elementary(logs, np.array([m])))[0] == pytest.approx(
            sum(np.exp(logs[0, s].sum()) for s in subsets)
        )
        inside = [np.isin(np.arange(6), s) for s in subsets]
        assert counts[m] == pytest.approx(sum(np.where(i, happens[0], 1 - happens[0]).prod() for i in inside))


def test_an_edge_case_is_what_no_single_answer_explains() -> None:
    """The p-value by enumeration of who contradicts; and edge cases are found, others hardly."""
    table, gold, _ = make(["good"] * 8 + ["random"] * 2, each=60, overlap=6, seed=24)
    peers = peers_of(table, Context(gold=gold))
    told = find_flags(table, gold=gold, names=["edge-case"], everything=True)
    by = {one.subject: one.p_value for one in told}
    differs = (peers.reference >= 0) & (peers.reference != peers.codes)
    for item in range(0, len(table.items), 9):
        rows = np.flatnonzero(table.item == item)
        wrong, codes = errs(peers, rows), peers.codes[rows]
        steps = np.maximum(np.rint(peers.weight[rows] / STEP), 1)
        every = np.array([*itertools.product((False, True), repeat=len(rows))])
        expected = [1.0]
        if len(set(codes.tolist())) > 1:
            order = sorted(set(codes.tolist()), key=lambda one: -peers.weight[rows][codes == one].sum())
            expected = []
            for true, said in (order[:2], order[1::-1]):
                away = differs & (peers.reference == true)
                share = ((away & (peers.codes == said)).sum() + 1) / (away.sum() + 2)
                chance = np.where(every, wrong * share, 1 - wrong * share).prod(axis=1)
                expected.append(2 * chance[(every @ steps) >= steps[codes == said].sum() - 1e-9].sum())
        assert by[table.items[item]] == pytest.approx(min(1.0, max(expected)))
    there, found, false = np.sum([edge_cases(seed) for seed in (100, 101)], axis=0)
    assert found / there > 0.3
    assert false <= 0.25 * found + 1


def test_careless_people_make_no_edge_cases_and_careful_ones_do() -> None:
    rng, rows = np.random.default_rng(25), []
    for n, who in itertools.product(range(120), range(8)):
        careful = who < 4
        label = n % 2 if rng.random() < (0.99 if careful else 0.6) else 1 - n % 2
        if n < 2:  # the careful split on the first item, the careless against them on the second
            label = who % 2 if n == 0 else int(careful)
        rows.append({"item": n, "annotator": f"p{who}", "label": label})
    by = {
        one.subject: one.p_value
        for one in find_flags(Judgements.from_records(rows), names=["edge-case"], everything=True)
    }
    assert by[0] < 0.01
    assert by[1] > 0.05


def test_groups_that_see_an_item_differently_are_found_and_no_small_group_is_shown() -> None:
    there, found, false = groups(3)
    assert found / there > 0.5
    assert false == 0
    rows = [
        {"item": n, "annotator": f"p{who:02}", "label": "xy"[who < 15] if n == 0 else "x"}
        for n in range(5)
        for who in range(34)
    ]
    table, of = Judgements.from_records(rows), {f"p{who:02}": "old" if who < 15 else "new" for who in range(30)}
    of |= {f"p{who:02}": "few" for who in range(30, 33)}  # and one who did not say
    [one] = find_flags(table, groups={"group": of}, names=["between-groups"])
    assert one.subject == 0
    assert one.judgements == 30
    assert one.evidence["groups"].keys() == {"old", "new"}
    # 15 of 15 and 0 of 15: one of C(30, 15) ways, twice for the two groups.
    assert one.p_value == pytest.approx(2 / 155_117_520)
    assert "p0" not in json.dumps(one.evidence) + one.sentence
    small = {name: group for name, group in of.items() if name > "p05"}
    assert "ten" in find_flags(table, groups={"group": small}, names=["between-groups"]).notes[0].replace("10", "ten")
    assert "may give or refuse" in find_flags(table, names=["between-groups"]).notes[0]


def test_an_edit_of_the_guideline_that_helped_is_told_from_one_that_did_not() -> None:
    helped = [edits(0.25, seed)[0] for seed in range(8)]
    assert np.mean(helped) >= 0.75
    assert not any(edits(0.0, seed)[0] for seed in range(3))


def test_what_an_edit_did_says_by_how_much_over_how_many() -> None:
    rng, rows = np.random.default_rng(26), []
    for who, n in itertools.product(range(16), range(80)):
        confused = n % 2 == 0 and rng.random() < (0.5 if n < 40 else 0.1)
        label = "b" if confused else "ab"[n % 2]
        rows.append({"item": n, "annotator": f"p{who}", "label": label, "guideline": f"v{1 + (n >= 40)}"})
    gold = {n: "ab"[n % 2] for n in range(80)}
    [one] = find_flags(Judgements.from_records(rows), gold=gold, names=["guideline-edit"])
    assert one.subject == "a -> b, v1 to v2"
    assert one.low < -0.4 < one.high < 0
    assert one.evidence["people"] == 16
    assert "fell from" in one.sentence
    one_version = [row | {"guideline": "v1"} for row in rows]
    assert "guideline" in find_flags(Judgements.from_records(one_version), names=["guideline-edit"]).notes[0]


def test_the_sign_test_is_exact() -> None:
    assert sign_test(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / 8)
    assert sign_test(np.array([1.0, -1.0, 0.0])) == 1.0
    assert sign_test(np.zeros(4)) == 1.0
    assert sign_test(np.full(20, 0.1)) == pytest.approx(2 / 10_000, abs=2e-4)


def test_confused_items_are_shown_by_content() -> None:
    """Praise is taken for blame where it is ironic or quoted, and nowhere else."""
    rng, rows, records = np.random.default_rng(27), [], []
    subjects = [["irony", "wink", "sure"], ["quote", "said", "he"], ["plain", "good", "fine"], ["dull", "bad", "poor"]]
    for n in range(200):
        kind = n % 4
        words = [*subjects[kind], *rng.choice(["film", "book", "song", "play", "show"], 2)]
        records.append({"id": n, "text": " ".join(rng.permutation(words))})
        for who in range(5):
            true = "blame" if kind == 3 else "praise"
            wrong = rng.random() < (0.35 if kind < 2 else 0.02)
            other: Any = rng.choice(["blame", "other"], p=[0.9, 0.1]) if true == "praise" else "other"
            rows.append({"item": n, "annotator": f"p{who}", "label": str(other) if wrong else true})
    gold = {n: "blame" if n % 4 == 3 else "praise" for n in range(200)}
    table, items = Judgements.from_records(rows), Items.from_records(records)
    found = find_flags(table, gold=gold, items=items, names=["confused"], everything=True)
    one = next(one for one in found if one.subject == "praise -> blame")
    told = [set(lot["words"]) for lot in one.evidence["content"]]
    assert any({"irony", "wink"} <= words for words in told)
    assert any({"quote", "said"} <= words for words in told)
    example = one.evidence["content"][0]["examples"][0]
    assert example["text"] == items.payload(example["item"])["text"]
    without = find_flags(table, gold=gold, names=["confused"], everything=True)
    assert [one.p_value for one in without] == [one.p_value for one in found]
    assert all(one.evidence["content"] == [] for one in without)


def test_texts_without_words_have_no_lots() -> None:
    assert lots(["", "!", "?", "-"], [""]) == []
    assert [one.texts for one in lots(["one word here", "another word there"], [])] == [(0, 1)]


def test_findings_are_put_into_words_when_asked_for() -> None:
    """All that is tested can be read like a list, also in parts."""
    from goldwork.flags.skew import skew

    table, gold, _ = make(["good"] * 6, each=40, overlap=4, seed=28)
    tested = skew(table, Context(gold=gold))
    assert len(tested) == 6
    assert tested[-1] == tested[5] == list(tested)[5]
    assert [one.subject for one in tested[1:3]] == [tested[1].subject, tested[2].subject]
    assert tested[0].e_value == tested.values[0]
