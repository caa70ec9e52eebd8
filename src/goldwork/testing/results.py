"""What every consensus is, whatever went in and whichever method made it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Annotators, Consensus, Options


def well_formed(made: Consensus) -> None:
    """Shapes, shares, intervals, objective and warnings are what they should be."""
    items = len(made.items)
    for column in (made.labels, made.confidence, made.judgements, made.ties, made.known):
        assert column.shape == (items,), "every column must have a row an item"
    assert all(warning.endswith(".") for warning in made.warnings), "warnings must be sentences"
    assert np.isfinite(made.objective).all(), "the objective must be finite"
    fall = -np.diff(made.objective).min(initial=0)
    scale = np.abs(made.objective).max(initial=1)
    assert fall <= 1e-9 * scale, f"the objective must not fall; it fell by {fall}"
    assert np.isfinite(made.confidence).all(), "confidence must be finite"
    assert ((made.confidence >= 0) & (made.confidence <= 1 + 1e-12)).all(), "confidence must lie between 0 and 1"
    assert len(made.to_records()) == items, "there must be a record an item"
    if made.low is not None and made.high is not None:
        _inside(made.low, made.labels.astype(np.float64), made.high)
    if made.annotators is not None:
        _known_annotators(made.annotators)
    if made.options is not None:
        _known_options(made.options)


def well_chosen(made: Consensus) -> None:
    """A consensus of choices: `well_formed`, and its probabilities are some and say the answer."""
    well_formed(made)
    categories, codes, probabilities = made.choices()
    items, k = len(made.items), len(categories)
    assert codes.shape == (items,), "every column must have a row an item"
    assert probabilities.shape == (items, k), "probabilities must be [items, categories]"
    if not items:
        return
    assert np.isfinite(probabilities).all(), "probabilities must be finite"
    assert (probabilities >= 0).all(), "probabilities must not be negative"
    assert np.allclose(probabilities.sum(axis=1), 1), "an item's probabilities must add up to 1"
    top = probabilities.max(axis=1)
    assert np.allclose(made.confidence, top), "the answer must be the most probable one, with its probability"
    if (known := made.annotators) is not None and known.confusion is not None:
        assert known.confusion.shape == (len(known), k, k), "confusions must be [annotators, categories, categories]"
        assert np.allclose(known.confusion.sum(axis=2), 1), "a confusion's rows must add up to 1"
        assert known.confusion_low is not None, "a confusion has an interval"
        assert known.confusion_high is not None, "a confusion has an interval"
        _inside(known.confusion_low, known.confusion, known.confusion_high)


def same_bytes(one: Consensus, other: Consensus) -> None:
    """Two results that must not differ in anything."""
    assert one.to_records() == other.to_records(), "records differ"
    assert one.objective.tobytes() == other.objective.tobytes(), "objectives differ"
    assert one.warnings == other.warnings, "warnings differ"
    if one.probabilities is not None and other.probabilities is not None:
        assert one.probabilities.tobytes() == other.probabilities.tobytes(), "probabilities differ"
    if one.options is not None and other.options is not None:
        assert one.options.to_records() == other.options.to_records(), "options differ"


def _known_annotators(known: Annotators) -> None:
    assert len(known.names) == len(known.judgements) == len(known.skill), "annotators must have a row each"
    _inside(known.low, known.skill, known.high)
    assert all(column.shape == known.skill.shape for column in known.more.values()), "annotators must have a row each"
    assert len(known.to_records()) == len(known), "there must be a record an annotator"


def _known_options(known: Options) -> None:
    assert len(known.names) == len(known.judgements) == len(known.score), "options must have a row each"
    _inside(known.low, known.score, known.high)
    assert (np.diff(known.score) <= 1e-12).all(), "the best option must come first"


def _inside(low: npt.NDArray[np.float64], value: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> None:
    """Where there is an interval, it holds its value."""
    there = ~np.isnan(low)
    slack = 1e-9 * np.maximum(1, np.abs(value[there]))
    held = (low[there] <= value[there] + slack) & (value[there] <= high[there] + slack)
    assert held.all(), "intervals must hold their values"
