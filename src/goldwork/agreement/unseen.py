"""Kinds of item that might have occurred and did not: what an interval has to reckon with."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from goldwork.judgements import Codes, Judgements
from goldwork.judgements.columns import objects

MAX_CATEGORIES = 50
"""With more categories than this, unanimous items that did not occur are not reckoned with."""
OWN = "own"
"""The column of a table with further items that tells its own judgements from theirs."""
RARE = 5
"""A category is rare when its judgements would fill fewer items than this."""


def with_unseen(table: Judgements, level: str) -> Judgements:
    """The table with one further item, after its own, for each kind that matters and did not occur.

    The kinds: all annotators give a rare category c, for each c; one annotator dissents, where nobody ever did;
    two annotators agree, where nobody ever did. Where answers are more or less distant only the second one matters, for
    sets and texts and for numbers most of which occur once: every one is rare, and they come near each other without
    being equal. Items added have as many judgements as the others have on average, by annotators who met.
    """
    if not len(table):
        return table
    codes, categories = table.coded()
    counts = table.tally()
    judged = table.per_item()
    length = np.diff(counts.indptr)
    usual = np.bincount(codes, minlength=len(categories))
    size = max(2, round(float(judged.mean())))
    who = table.annotator[table.item == np.argmax(judged)][:size]
    kinds: list[npt.NDArray[Any]] = []
    lumpy = level == "nominal" or (level != "distance" and 2 * len(categories) <= len(table))
    if len(categories) <= MAX_CATEGORIES and lumpy:
        unanimous = set(counts.indices[counts.indptr[:-1][length == 1]].tolist())
        rare = np.flatnonzero(usual < RARE * size).tolist()
        kinds = [np.full(len(who), category) for category in rare if category not in unanimous]
    if (length <= 1).all():
        first, second, categories = _two_most_frequent(usual, categories, level)
        kinds.append(np.r_[second, np.full(len(who) - 1, first)])
    if counts.data.max() == 1 and len(categories) > 1 and lumpy:
        often = np.argsort(-usual, kind="stable")
        kinds.append(np.r_[often[0], np.resize(often, len(who) - 1)])
    return _append(table, codes, categories, who, kinds) if kinds else table


def _two_most_frequent(
    usual: npt.NDArray[np.intp], categories: npt.NDArray[Any], level: str
) -> tuple[int, int, npt.NDArray[Any]]:
    order = np.argsort(-usual, kind="stable").tolist()
    if len(order) > 1:
        return order[0], order[1], categories
    if level == "nominal":  # somebody might have said something that nobody ever said
        return order[0], 1, objects([*categories, None])
    return order[0], order[0], categories


def _append(
    table: Judgements,
    codes: Codes,
    categories: npt.NDArray[Any],
    who: Codes,
    kinds: list[npt.NDArray[Any]],
) -> Judgements:
    """The table and an item for each of `kinds`, the categories that the annotators `who` give."""
    items = len(table.items) + np.repeat(np.arange(len(kinds), dtype=np.int32), len(who))
    size = len(table) + len(items)
    context: dict[str, npt.NDArray[Any]] = {OWN: np.arange(size) < len(table)}
    if "weight" in table.context:
        context["weight"] = np.r_[table.weights(), np.full(len(items), table.weights().mean())]
    return dataclasses.replace(
        table,
        item=np.concatenate([table.item, items]).astype(np.int32),
        annotator=np.concatenate([table.annotator, np.tile(who, len(kinds))]),
        question=np.resize(table.question, size),
        value=np.concatenate([codes, *kinds]).astype(np.int32),
        repeat=np.zeros(size, np.int32),
        items=np.arange(len(table.items) + len(kinds)),
        categories=categories,
        context=context,
    )


def own(table: Judgements) -> npt.NDArray[np.bool_]:
    """Which judgements, [n], are on the table's own items, not on items added to see what they would change.

    Ranks and means that a coefficient takes from the whole table must come from these.
    """
    return cast(npt.NDArray[np.bool_], table.context.get(OWN, np.ones(len(table), bool)))
