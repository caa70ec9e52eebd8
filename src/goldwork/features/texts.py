"""Texts as counts of hashed words, pairs of words and runs of letters, and those counts weighed.

Runs of letters see what words do not: endings, misspellings, languages without spaces. Both weigh the same, however
many there are of either.

*Source:* hashing, Weinberger et al. 2009, Feature Hashing for Large Scale Multitask Learning, ICML, 1113-1120; weights
(1 + log count) (log((1 + n) / (1 + n_t)) + 1) with rows of length 1, Salton and Buckley 1988, Information Processing
and Management 24, 513-523, smoothed as scikit-learn does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

BUCKETS = 1 << 18
"""For words, and as many again for runs of letters."""
WORDS = (1, 2)
LETTERS = (2, 4)
LONGEST = 20_000
"""Characters of a text that are read: to tell what a text is about needs no more."""


def count_words(texts: Sequence[str]) -> sparse.csr_matrix:
    """Counts [n, BUCKETS] of the words and pairs of words of each text, which depend on that text alone."""
    return _counted(texts, "word", WORDS)


def count_texts(texts: Sequence[str]) -> sparse.csr_matrix:
    """Counts [n, 2 BUCKETS]: those of words, and of runs of letters beside them."""
    return sparse.csr_matrix(sparse.hstack([count_words(texts), _counted(texts, "char_wb", LETTERS)]))


def _counted(texts: Sequence[str], unit: str, span: tuple[int, int]) -> sparse.csr_matrix:
    from sklearn.feature_extraction.text import HashingVectorizer

    if not texts:
        return sparse.csr_matrix(np.empty((0, BUCKETS), np.float32))
    counter = HashingVectorizer(
        n_features=BUCKETS, ngram_range=span, analyzer=unit, norm=None, alternate_sign=False, dtype=np.float32
    )
    return sparse.csr_matrix(counter.transform([text[:LONGEST] for text in texts]))


@dataclasses.dataclass(frozen=True, eq=False)
class Weights:
    """How much each bucket says: `columns` [d] of the counts, in order, and `rarity` [d].

    What one text of the pool alone has says nothing about another, and is left out.
    """

    columns: npt.NDArray[np.int64]
    rarity: npt.NDArray[np.float32]

    @classmethod
    def of(cls, counts: Any, *, most: int | None = None) -> Weights:
        """Learned from a pool's counts; with `most`, of the buckets that so many texts have, the commonest."""
        number = sparse.csr_matrix(counts).getnnz(axis=0)
        columns = np.flatnonzero(number > 1)
        if most is not None and len(columns) > most:
            columns = np.sort(columns[np.argsort(-number[columns], kind="stable")[:most]])
        rarity = np.log((1 + counts.shape[0]) / (1 + number[columns])) + 1
        return cls(columns.astype(np.int64), rarity.astype(np.float32))

    def apply(self, counts: Any) -> sparse.csr_matrix:
        """Rows [n, d] of length 1, or 0 for a text without anything known."""
        rows = sparse.csr_matrix(counts)[:, self.columns]
        rows.data = 1 + np.log(rows.data)
        rows = sparse.csr_matrix(rows @ sparse.diags(self.rarity))
        words = int(np.searchsorted(self.columns, BUCKETS))
        return _unit(sparse.hstack([_unit(rows[:, :words]), _unit(rows[:, words:])], format="csr"))


def _unit(rows: Any) -> sparse.csr_matrix:
    """Rows of length 1; those of length 0 stay."""
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
    return sparse.csr_matrix(sparse.diags(scale.astype(np.float32)) @ rows)


def weigh(counts: Any) -> sparse.csr_matrix:
    """A pool's counts by the weights that it gives itself."""
    return Weights.of(counts).apply(counts)
