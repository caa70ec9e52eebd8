"""ROVER: the answers to an item vote on every word, reliable annotators counting more.

Texts are aligned into a network of places (see `goldwork.consensus.network`), beginning with the one that the others
are nearest to; at every place the token with the most votes is taken, or none. So the answer may be better than any
that somebody gave (recogniser output voting: Fiscus 1997, IEEE Workshop on Automatic Speech Recognition and
Understanding, 347-354; for crowds: Marge, Banerjee and Rudnicky 2010, ICASSP, 5270-5273).

A vote weighs as much as the annotator's rate, one over the expected share of tokens in which they err. Rates are
learned from the answers' edit distances as in `medoid` (`goldwork.consensus.race`), and `objective` is that of this
fit; alignment and vote follow once, and nothing is iterated over them.

With `fold`, words that differ only in case or in the punctuation around them are the same word; how it is written is
voted on too. The confidence of an answer is the share of votes that its tokens won, mean over places: no probability of
being right. `ties` says where a place was tied; the token of the answer nearest to all then stays.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 1], "annotator": ["ann", "bob", "cam"],
    ...     "label": ["The cat sat on a mat.", "the cat sat the mat", "The fat cat sat on the mat."],
    ... })
    >>> infer_consensus(table, "rover").labels.tolist()
    ['The cat sat on the mat.']
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.medoid import measure
from goldwork.consensus.nearness import describe_nearness
from goldwork.consensus.network import NOTHING, Place, Said, align
from goldwork.consensus.race import Apart, Floats, race
from goldwork.consensus.result import TIE
from goldwork.distances import Distance
from goldwork.distances.edits import sequenced, share_of_edits
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects

Tokens = tuple[tuple[str, ...], tuple[str, ...]]
"""A text's tokens as they are compared and as they are written."""


@consensus("rover", answers="text")
def rover(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    tokens: Literal["words", "characters"] = "words",
    fold: bool = True,
    prior: float = 5.0,
    max_iterations: int = 200,
    tolerance: float = 1e-6,
    intervals: bool = True,
    start: Consensus | None = None,
) -> Consensus:
    """Weighted voting on tokens. Options:

    - `tokens`: "words", between white space, or "characters", for languages that do not part words
    - `fold`: whether words that differ in case or in punctuation around them are the same
    - `prior`: how many judgements the prior of an annotator's rate is worth, .1 or more
    - `max_iterations`, and `tolerance`: the gain of the objective per judgement below which the rates have converged
    - `intervals`: whether to work out annotators' nearness and its interval
    - `start`: an earlier result of rover or medoid, whose rates of annotators are those to begin with
    """
    if tokens not in ("words", "characters"):
        raise InputError(f"tokens must be words or characters. Got {tokens!r}.")
    texts = {
        text: _split(text, tokens, fold=fold)
        for text in [*table.coded()[1].tolist(), *(text for text in gold.tolist() if text is not None)]
    }
    apart = measure(table, gold, _edits(texts))
    raced = race(apart, shape=1.0, prior=prior, max_iterations=max_iterations, tolerance=tolerance, start=start)
    weight = raced.model.weight * raced.rates[table.annotator]
    labels, confidence, ties = _vote(apart, texts, weight, raced.model.scores(raced.rates), tokens)
    for place in np.flatnonzero(apart.known).tolist():
        labels[place] = gold[place]
    ties &= ~apart.known
    said = [f"{ties.sum():,} of {len(ties):,} items have a place where votes tie."] if ties.any() else []
    return Consensus.of_answers(
        "rover",
        table,
        labels,
        np.where(apart.known, 1.0, confidence),
        apart.known,
        ties=ties,
        annotators=describe_nearness(raced) if intervals else None,
        converged=raced.fitted.converged,
        iterations=len(raced.fitted.objective),
        objective=raced.fitted.objective,
        state=raced.state,
        warnings=(*said, *raced.fitted.warnings),
    )


def _edits(texts: Mapping[str, Tokens]) -> Distance:
    """The share of tokens to change between two of these texts."""
    ready = {text: sequenced(tokens) for text, (tokens, _) in texts.items()}

    def between(first: Any, second: Any) -> float:
        return share_of_edits(ready[first], ready[second])

    return between


def _split(text: Any, tokens: str, *, fold: bool) -> Tokens:
    """A text in tokens. Raises InputError for anything else than text."""
    if not isinstance(text, str):
        raise InputError(f"rover needs text. Got {text!r}.")
    if tokens == "characters":
        letters = tuple(unicodedata.normalize("NFC", text))
        return letters, letters
    forms = tuple(text.split())
    return (tuple(map(_folded, forms)) if fold else forms), forms


def _folded(word: str) -> str:
    """The word without case and without the signs around it; the signs, where it has nothing else."""
    start, end = 0, len(word)
    while start < end and not word[start].isalnum():
        start += 1
    while end > start and not word[end - 1].isalnum():
        end -= 1
    return unicodedata.normalize("NFC", word[start:end] or word).casefold()


def _vote(
    apart: Apart, texts: Mapping[str, Tokens], weight: Floats, score: Floats, tokens: str
) -> tuple[npt.NDArray[Any], Floats, npt.NDArray[np.bool_]]:
    """The text of every item [I], the share of votes that it won [I], and whether votes tied [I]."""
    table = apart.table
    codes, values = table.coded()
    order = np.lexsort((codes, -np.round(score, 9), table.item))
    ends = np.cumsum(table.per_item()).tolist()
    labels: list[str] = []
    shares = np.ones(len(table.items))
    ties = np.zeros(len(table.items), bool)
    words, weights = values[codes[order]].tolist(), weight[order].tolist()
    for item, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        places = align([Said(*texts[words[row]], weights[row]) for row in range(start, end)])
        forms, won, ties[item] = _winners(places)
        labels.append((" " if tokens == "words" else "").join(forms))
        shares[item] = won
    return objects(labels), shares, ties


def _winners(places: list[Place]) -> tuple[list[str], float, bool]:
    """The written tokens that won, their mean share of votes, and whether some place was tied."""
    forms, shares, tied = [], [], False
    for place in places:
        most, total = max(place.votes.values()), sum(place.votes.values())
        first = [token for token, vote in place.votes.items() if vote >= most - TIE * total]
        tied |= len(first) > 1
        shares.append(most / total)
        if first[0] != NOTHING:
            written = place.forms[first[0]]
            forms.append(max(written, key=lambda form: written[form]))
    return forms, sum(shares) / len(shares) if shares else 1.0, tied
