"""Majority of spans: what more than half of an item's annotators marked with the same label.

Votes are counted by token where texts are given, a span counting for every token that it touches, else by character.
What exactly half marked is left out and said in `ties`. Where two spans of a label touch, they stay two if most of
those who marked both sides began anew.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> said = {"ann": [[0, 9]], "bob": [[4, 9]], "cam": [[5, 14], [20, 24]]}
    >>> table = Judgements.from_records({"item": 1, "annotator": a, "label": spans} for a, spans in said.items())
    >>> infer_consensus(table, "spans-majority").labels.tolist()
    [[[4, 9]]]
    >>> infer_consensus(table, "spans-majority", items={1: "give aspirin now and stop"}).labels.tolist()
    [[[5, 12]]]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.shapes import form_of
from goldwork.consensus.span_answers import spans_of
from goldwork.consensus.span_units import Units, units_of
from goldwork.items import Items
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

HALF = 1e-9


@consensus("spans-majority", answers="spans")
def spans_majority(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    items: Items | Mapping[Any, Any] | None = None,
    text: str = "text",
    overlapping: bool | None = None,
    with_confidence: bool = False,
) -> Consensus:
    """What most marked. Options:

    - `items`: Items whose field `text` holds the texts, or a mapping from items to texts: spans go by token
    - `overlapping`: whether spans of different labels may overlap; None for as the annotators did
    - `with_confidence`: write the share of votes into every span

    An item's confidence is the share of votes that agree with the answer, over the characters that anybody marked.
    """
    units = units_of(table, gold, items, text, overlapping)
    shares = votes(table, units)
    best = shares.argmax(axis=1) if len(units) else np.zeros(0, np.int64)
    top = shares[np.arange(len(units)), best]
    marked = top > 0.5 + HALF
    chosen = np.where(marked, units.layer if units.layered else best, -1)
    tied = (np.abs(top - 0.5) <= HALF) & ~units.known & (units.length > 0)
    ties = np.bincount(units.item, tied, len(table.items)) > 0
    known = np.array([value is not None for value in gold.tolist()], bool)
    form = form_of(table.labels().tolist(), with_confidence=with_confidence)
    said = f"{ties.sum():,} of {len(ties):,} items have a part that exactly half of the annotators marked."
    return Consensus.of_answers(
        "spans-majority",
        table,
        spans_of(units, chosen, top, table.weights(), form, gold),
        np.where(known, 1.0, _agreement(units, shares, marked, top, len(table.items))),
        known,
        ties=ties,
        warnings=(f"{said} It is left out.",) if ties.any() else (),
    )


def votes(table: Judgements, units: Units) -> Floats:
    """The share of its annotators, by weight, who gave a unit each label, [U, L], in layers [U, 1]; gold takes all."""
    labels = 1 if units.layered else len(units.labels)
    weights = table.weights()
    total = np.bincount(table.item, weights, len(table.items))
    said = units.row >= 0
    label = np.zeros(len(units.label), np.int64) if units.layered else units.label
    place = units.unit * labels + label
    found: Floats = np.bincount(place[said], weights[units.row[said]], len(units) * labels).astype(np.float64)
    found = found.reshape(len(units), labels)
    shares = np.asarray(found / total[units.item, None]) if len(units) else found
    shares[units.known] = 0
    shares[units.unit[~said], label[~said]] = 1
    return shares


def _agreement(units: Units, shares: Floats, marked: npt.NDArray[np.bool_], top: Floats, items: int) -> Floats:
    """By item, over the characters that anybody marked; 1 where nobody marked any."""
    anybody = shares.sum(axis=1)
    length = np.where(anybody > 0, units.length, 0)
    agreeing = np.where(marked, top, 1 - np.minimum(anybody, 1))
    size = np.bincount(units.item, length, items)
    return np.divide(np.bincount(units.item, length * agreeing, items), size, out=np.ones(items), where=size > 0)
