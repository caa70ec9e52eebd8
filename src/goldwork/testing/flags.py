"""The contract of a flag."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from goldwork.flags import Finding, about, find_flags, flag, threshold
from goldwork.judgements import Judgements
from goldwork.testing.crowds import renamed, reversed_names, shuffled, simulate_crowd

HONEST_CROWDS = 6


def honest_columns(seed: int, *, items: int = 150, annotators: int = 10, per_item: int = 4) -> dict[str, Any]:
    """Honest people's judgements with everything a flag may ask for: times, seconds, order on screen, sessions.

    Times are log-normal with a pace of each person's own, whatever their skill; items come to everybody by lot.
    """
    crowd = simulate_crowd(items=items, annotators=annotators, per_item=per_item, skill=(18.0, 2.5), seed=seed)
    rng = np.random.default_rng(seed)
    who, size = crowd.columns["annotator"], len(crowd.columns["item"])
    order = rng.permutation(size)
    place = np.empty(size)
    place[order] = np.arange(size)
    shown = np.empty(size, object)
    shown[:] = [rng.permutation(list(crowd.categories)).tolist() for _ in range(size)]
    pace = rng.normal(0, 0.5, annotators)
    return dict(crowd.columns) | {
        "submitted_at": 1000.0 * place,
        "seconds": np.exp(1.5 + pace[who] + rng.normal(0, 0.4, size)),
        "shown": shown,
        "session": np.array([f"{one}-{int(at) // 200}" for one, at in zip(who.tolist(), place, strict=True)], object),
        "guideline": np.where(place < size / 2, 1, 2),
    }


def _ask(columns: Mapping[str, Any], name: str, *, everything: bool = True, seed: int = 0) -> list[Finding]:
    table = Judgements.from_columns(columns)
    groups = {"group": _groups(columns)} if flag.facts(name).get("needs") == "groups" else None
    found = find_flags(table, gold=_gold(columns), groups=groups, names=[name], everything=everything, seed=seed)
    return list(found)


def _columns(name: str, seed: int) -> dict[str, Any]:
    """The crowd that a flag is tried on: with groups, one where twenty people and more judge each item."""
    if flag.facts(name).get("needs") == "groups":
        return honest_columns(seed, items=30, annotators=30, per_item=30)
    return honest_columns(seed)


def _groups(columns: Mapping[str, Any]) -> dict[Any, str]:
    """Every other person in the order of their first answers, so that names mean nothing."""
    order = np.argsort(columns["submitted_at"])
    return {who: ["even", "odd"][n % 2] for n, who in enumerate(dict.fromkeys(columns["annotator"][order].tolist()))}


def _gold(columns: Mapping[str, Any]) -> dict[Any, Any]:
    """The answer to every item about which all agree: chosen by the answers alone, so that names mean nothing."""
    given: dict[Any, list[Any]] = {}
    for item, label in zip(columns["item"].tolist(), columns["label"].tolist(), strict=True):
        given.setdefault(item, []).append(label)
    return {item: labels[0] for item, labels in given.items() if labels.count(labels[0]) == len(labels)}


def findings_are_well_formed(name: str) -> None:
    """Each has a sentence, what is not said, an interval, evidence that JSON holds, and one kind of value."""
    found = _ask(_columns(name, 1), name)
    assert found, "nobody and nothing was tested on 600 judgements with everything known"
    for one in found:
        assert one.flag == name
        assert one.about == about(name)
        assert one.sentence
        assert one.unsaid
        assert one.judgements > 0
        assert one.low <= one.statistic + 1e-9
        assert one.statistic <= one.high + 1e-9
        assert str(one.subject) in one.sentence or one.about == "class", "the sentence names its subject"
        values = (one.e_value, one.p_value)
        assert (one.e_value is None) == (one.about != "annotator"), "people have e-values, items and classes p-values"
        assert sum(value is None for value in values) == 1
        assert one.e_value is None or (0 <= one.e_value < np.inf)
        assert one.p_value is None or 0 <= one.p_value <= 1
        json.dumps(one.evidence, default=lambda value: value.item(), allow_nan=False)


def row_order_means_nothing(name: str) -> None:
    """The same rows in another order give the same findings."""
    columns = _columns(name, 2)
    assert _bytes(_ask(columns, name)) == _bytes(_ask(shuffled(columns, 3), name))


def same_seed_same_bytes(name: str) -> None:
    """A seed fixes everything."""
    columns = _columns(name, 3)
    assert _bytes(_ask(columns, name, seed=5)) == _bytes(_ask(columns, name, seed=5))


def names_mean_nothing(name: str) -> None:
    """Other names of people and items give the same values to the same people and items."""
    columns = _columns(name, 4)
    for column in ("annotator", "item"):
        names = reversed_names(columns[column])
        other = renamed(columns, **{column: names})
        told = {str(names[one.subject] if one.about == column else one.subject): one for one in _ask(columns, name)}
        again = {str(one.subject): one for one in _ask(other, name)}
        assert told.keys() == again.keys()
        for subject, one in told.items():
            for value in ("e_value", "p_value", "statistic"):
                ours, theirs = getattr(one, value), getattr(again[subject], value)
                assert (ours is None) == (theirs is None)
                assert ours is None or bool(np.isclose(ours, theirs, rtol=1e-6, atol=1e-9)), (subject, value)


def one_annotator_and_nothing_are_taken(name: str) -> None:
    """A single person, a single judgement, none at all, no context: findings or a note, never a crash."""
    columns = _columns(name, 5)
    alone = {key: column[columns["annotator"] == 0] for key, column in columns.items()}
    single = {key: column[:1] for key, column in columns.items()}
    nothing = {key: column[:0] for key, column in columns.items()}
    bare = {key: columns[key] for key in ("item", "annotator", "label")}
    for part in (alone, single, nothing, bare):
        made = find_flags(Judgements.from_columns(part), names=[name])
        assert len(made.found) == 0 or made.found[0].flag == name
    same = dict(columns) | {"label": np.full(len(columns["item"]), "a", object)}
    assert not [one for one in _ask(same, name, everything=False) if one.about == "annotator"], "all agree"


def honest_people_are_left_in_peace(name: str) -> None:
    """In small simulated crowds of honest people nobody is flagged, at 5 looks; few items and classes are."""
    for seed in range(HONEST_CROWDS):
        columns = _columns(name, 20 + seed)
        if about(name) == "annotator":
            for share in (0.2, 0.4, 0.6, 0.8, 1.0):
                seen = columns["submitted_at"] <= share * columns["submitted_at"].max()
                part = {key: column[seen] for key, column in columns.items()}
                worst = max((one.e_value or 0.0 for one in _ask(part, name)), default=0.0)
                assert worst < threshold(), f"an honest person has an e-value of {worst:,.0f}"
        else:
            tested, flagged = len(_ask(columns, name)), len(_ask(columns, name, everything=False))
            assert flagged <= 1 + 0.1 * tested, f"{flagged} of {tested} are flagged where nothing is wrong"


def _bytes(found: list[Finding]) -> str:
    return json.dumps([one.to_record() for one in found], default=lambda value: value.item())


FLAG_CHECKS: tuple[Callable[[str], None], ...] = (
    findings_are_well_formed,
    row_order_means_nothing,
    same_seed_same_bytes,
    names_mean_nothing,
    one_annotator_and_nothing_are_taken,
    honest_people_are_left_in_peace,
)


def check_flag(name: str) -> None:
    """Run every check on the flag called `name`."""
    for check in FLAG_CHECKS:
        check(name)
