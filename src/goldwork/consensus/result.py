"""What a consensus method gives back."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.judgements import Judgements, to_frame

Floats = npt.NDArray[np.float64]

TIE = 1e-9
"""Categories whose probabilities differ by less share the first place."""


@dataclasses.dataclass(frozen=True, eq=False)
class Annotators:
    """What a model learned about each of A annotators on K categories, with 95 % intervals.

    - `names`: [A]; `judgements`: int [A]
    - `confusion`: [A, K, K], the probability of each answer (last axis) given each true category, between
      `confusion_low` and `confusion_high`
    - `accuracy`: [A], the probability of a right answer to an item drawn at random, between `accuracy_low` and
      `accuracy_high`
    """

    names: npt.NDArray[Any]
    judgements: npt.NDArray[np.int64]
    confusion: Floats
    confusion_low: Floats
    confusion_high: Floats
    accuracy: Floats
    accuracy_low: Floats
    accuracy_high: Floats

    def __len__(self) -> int:
        return len(self.names)

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """annotator, judgements, accuracy, low, high."""
        return {
            "annotator": self.names,
            "judgements": self.judgements,
            "accuracy": self.accuracy,
            "low": self.accuracy_low,
            "high": self.accuracy_high,
        }

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary an annotator, with the names of `to_columns`."""
        return _records(self.to_columns())


@dataclasses.dataclass(frozen=True, eq=False)
class Consensus:
    """One answer for each of I items out of K categories. Columnar: row i of every array is item i.

    - `items`: [I]; `categories`: [K]; `codes`: int32 [I], the answer as a position in `categories`
    - `probabilities`: [I, K]; `confidence`: [I], the probability of the answer
    - `judgements`: int [I]; `ties`: bool [I], whether several categories share the first place
    - `known`: bool [I], whether gold gave the answer
    - `ambiguity`: [I], see `goldwork.consensus.ambiguity`; None where the method cannot tell it from errors
    - `annotators`: what was learned about them, or None; `prevalence`: [K], how frequent each category is, or None
    - `converged`, `iterations`, `objective`: the fit, with the objective at every iteration, which never falls
    - `warnings`: what limits the result
    """

    method: str
    question: Any
    items: npt.NDArray[Any]
    categories: npt.NDArray[Any]
    codes: npt.NDArray[np.int32]
    probabilities: Floats
    confidence: Floats
    judgements: npt.NDArray[np.int64]
    ties: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]
    ambiguity: Floats | None = None
    annotators: Annotators | None = None
    prevalence: Floats | None = None
    converged: bool = True
    iterations: int = 0
    objective: Floats = dataclasses.field(default_factory=lambda: np.zeros(0))
    warnings: tuple[str, ...] = ()
    frame: str = ""

    @classmethod
    def of(
        cls,
        method: str,
        table: Judgements,
        probabilities: Floats,
        weight: Floats,
        gold: npt.NDArray[np.int32],
        **more: Any,
    ) -> Consensus:
        """From the table and the probabilities [I, K]; ties go to the category with more `weight` [K]."""
        codes, ties = decide(probabilities, weight)
        return cls(
            method=method,
            question=table.questions[0] if len(table.questions) else None,
            items=table.items,
            categories=table.coded()[1],
            codes=codes,
            probabilities=probabilities,
            confidence=probabilities[np.arange(len(codes)), codes] if probabilities.size else np.zeros(0),
            judgements=table.per_item(),
            ties=ties,
            known=gold >= 0,
            frame=table.frame,
            **more,
        )

    def __len__(self) -> int:
        return len(self.items)

    @property
    def labels(self) -> npt.NDArray[Any]:
        """The answers, [I]."""
        return self.categories[self.codes]

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """item, label, confidence, judgements, tie and, where there is one, ambiguity."""
        columns = {
            "item": self.items,
            "label": self.labels,
            "confidence": self.confidence,
            "judgements": self.judgements,
            "tie": self.ties,
        }
        return columns if self.ambiguity is None else columns | {"ambiguity": self.ambiguity}

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary an item, with the names of `to_columns`."""
        return _records(self.to_columns())

    def to_frame(self) -> Any:
        """A data frame of the kind that the judgements came in; pyarrow's table where they came in none."""
        return to_frame(self.to_columns(), self.frame)


def decide(probabilities: Floats, weight: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """The most probable category of each row, int32 [I], and whether it shared the first place.

    A tie goes to the category with more `weight` [K], then to the first.
    """
    if not probabilities.size:
        return np.zeros(len(probabilities), np.int32), np.zeros(len(probabilities), bool)
    first = probabilities >= probabilities.max(axis=1, keepdims=True) - TIE
    rank = np.empty(len(weight), np.int64)
    rank[np.lexsort((np.arange(len(weight)), -weight))] = np.arange(len(weight), 0, -1)
    return np.argmax(first * rank, axis=1).astype(np.int32), first.sum(axis=1) > 1


def _records(columns: dict[str, npt.NDArray[Any]]) -> list[dict[str, Any]]:
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]
