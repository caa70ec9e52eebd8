"""auto: the models that the data speak for.

Candidates are dawid-skene and its hierarchical form, two-coin, one-coin and mace: generative models of judgements, so
that they can be asked how probable judgements are that they have not seen. From items with three judgements or more
one judgement each is held out, `rounds` times over; a model fitted to the rest gives the mean log probability of those
held out. Where gold is known on GOLD items or more, the log probability of the gold answers decides instead, gold
being held out in turn.

Models that come within one standard error, or a hundredth, of the best are not told apart: their probabilities are
averaged (a one-standard-error rule, Breiman et al. 1984, Classification and Regression Trees, section 3.4.3; averaging
as in Hoeting et al. 1999, Statistical Science 14, 382-417). Annotators are described by the best of them.

The majority stands for all where there are too few judgements to learn about anybody, or where what was learned makes
held-out judgements less probable than the crowd's common confusion does.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing import simulate_crowd
    >>> consensus = infer_consensus(simulate_crowd(items=300, annotators=12, per_item=5).table, "auto")
    >>> print(consensus.warnings[0])  # doctest: +ELLIPSIS
    auto took ...
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.ambiguity import ambiguity_of
from goldwork.consensus.calibration import fit_temperature, held_out, tempered
from goldwork.consensus.dawid_skene import Confusions, dawid_skene
from goldwork.consensus.hidden import Answers, Search, fit
from goldwork.consensus.hierarchical import Around, Common, hierarchical
from goldwork.consensus.mace import Habits, mace
from goldwork.consensus.majority import majority
from goldwork.consensus.one_coin import Coins, one_coin
from goldwork.consensus.two_coin import ClassCoins, two_coin
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]

GOLD = 200
"""Known items from which on gold decides: fewer do not tell models apart."""
CLOSE = 0.01
"""Models that differ by less in the mean log probability are not worth telling apart."""
FEW = 5
"""Judgements that the average annotator needs for there to be anything to learn."""
MAX_TOLD = 20_000
"""Held-out judgements in a round; more do not tell more."""
FLOOR = 1e-4
"""No held-out judgement is taken for less probable than this: one slip is not to decide."""


METHODS: dict[str, Callable[..., Consensus]] = {
    "dawid-skene": dawid_skene,
    "two-coin": two_coin,
    "hierarchical-dawid-skene": hierarchical,
    "hierarchical-dawid-skene, strength 8": functools.partial(hierarchical, strength=8.0),
    "mace": mace,
    "one-coin": one_coin,
}
"""The candidates."""
MODELS: list[Callable[[Answers], Any]] = [
    lambda answers: Confusions(answers.table, 0.1),
    lambda answers: ClassCoins(answers.table, 0.7, 2.0),
    lambda answers: Around(answers, 2.0),
    lambda answers: Around(answers, 8.0),
    lambda answers: Habits(answers.table, 0.5, 0.1, even=False),
    lambda answers: Coins(answers.table, 0.7, 2.0),
    lambda answers: Common(answers.table),
]
"""Theirs, and last the one that they are to beat."""
SEARCH = Search(max_iterations=60, tolerance=1e-5)


@consensus("auto", random=True)
def auto(table: Judgements, *, gold: Codes, seed: int, rounds: int = 3, intervals: bool = True) -> Consensus:
    """The average of the models that the data cannot tell from the best. `rounds`: how often judgements are held out.

    The result's warnings begin with what was chosen and why, and say how far it is from the majority.
    """
    votes = majority(table, gold=gold, seed=seed)
    reason = _too_little(table)
    kept, said = ([], "") if reason else _choose(table, gold, seed, rounds)
    if not reason:
        reason = "" if kept else "no model of the annotators tells more than one confusion for all."
    if reason:
        took = f"auto took the majority: {reason}"
        return dataclasses.replace(votes, method="auto", warnings=(took, *votes.warnings))
    fits = [
        METHODS[name](table, gold=gold, seed=seed, intervals=intervals and name == kept[0], ambiguity=False)
        for name in kept
    ]
    return _average(table, gold, fits, votes, said)


def _choose(table: Judgements, gold: Codes, seed: int, rounds: int) -> tuple[list[str], str]:
    """The names of the models taken, the best first, none where the common confusion does as well; and why."""
    scores, what = _scores(table, gold, seed, rounds)
    means = scores.mean(axis=1)
    best = int(np.argmax(means))
    if best == len(METHODS):
        return [], ""
    behind = scores[best] - scores
    error = behind.std(axis=1) / np.sqrt(scores.shape[1])
    names = list(METHODS)
    kept = [name for row, name in enumerate(names) if behind[row].mean() <= max(error[row], CLOSE)]
    kept.sort(key=lambda name: name != names[best])
    taken = " and ".join([", ".join(kept[:-1]), kept[-1]] if len(kept) > 1 else kept)
    average = "the average of " if len(kept) > 1 else ""
    told = ", ".join(f"{name} {mean:.3f}" for name, mean in zip([*names, "one for all"], means, strict=True))
    return kept, f"auto took {average}{taken}, by the mean log probability of {what} ({told})."


def _too_little(table: Judgements) -> str:
    """Why nothing can be learned, or nothing."""
    if len(table.annotators) < 3:
        return "there are fewer than three annotators."
    if len(table) < FEW * len(table.annotators):
        return f"the average annotator made fewer than {FEW} judgements."
    if len(table.coded()[1]) < 2:
        return "all judgements are the same."
    if (table.per_item() >= 3).sum() < 10:
        return "fewer than ten items have three judgements."
    return ""


def _scores(table: Judgements, gold: Codes, seed: int, rounds: int) -> tuple[Floats, str]:
    """Log probabilities [models, held out] and what they are of."""
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(gold >= 0)
    if len(known) >= GOLD:
        return _gold_scores(table, gold, known, rng), f"the {len(known)} gold answers"
    parts = [_judgement_scores(table, gold, rng) for _ in range(max(1, rounds))]
    return np.concatenate(parts, axis=1), "judgements held out"


def _judgement_scores(table: Judgements, gold: Codes, rng: np.random.Generator) -> Floats:
    order = rng.permutation(len(table))
    _, first = np.unique(table.item[order], return_index=True)
    out = order[first]
    out = np.sort(out[table.per_item()[table.item[out]] >= 3])[:MAX_TOLD]
    stay = np.ones(len(table), bool)
    stay[out] = False
    rest = table.take(stay)
    codes = table.coded()[0][out]
    scores = []
    for build in MODELS:
        answers = Answers(rest, gold)
        model = build(answers)
        fitted = fit(answers, model, SEARCH)
        factors, _, _ = model.factors(fitted.parameters)
        scores.append((fitted.states[table.item[out]] * factors[table.annotator[out], codes]).sum(axis=1))
    return np.asarray(np.log(np.maximum(np.array(scores), FLOOR)))


def _gold_scores(table: Judgements, gold: Codes, known: npt.NDArray[Any], rng: np.random.Generator) -> Floats:
    """Log probabilities of the gold answers, each part of them held out in turn."""
    found, split = [], int(rng.integers(2**31))
    for build in MODELS:

        def infer(without: Codes, build: Any = build) -> Floats:
            answers = Answers(table, without)
            return fit(answers, build(answers), SEARCH).probabilities

        shares = held_out(infer, gold, np.random.default_rng(split))
        shares = tempered(shares, fit_temperature(shares, gold[known]).value)  # too sure is another matter than wrong
        found.append(shares[np.arange(len(known)), gold[known]])
    return np.asarray(np.log(np.maximum(np.array(found), FLOOR)))


def _average(table: Judgements, gold: Codes, fits: list[Consensus], votes: Consensus, said: str) -> Consensus:
    best = fits[0]
    shares = np.mean([one.choices()[2] for one in fits], axis=0)
    assert best.annotators is not None, "models of choices know their annotators"
    assert best.annotators.confusion is not None, "models of choices have confusions"
    prevalence = shares.mean(axis=0)
    made = Consensus.of(
        "auto",
        table,
        shares,
        prevalence,
        gold,
        ambiguity=ambiguity_of(table, shares, prevalence, best.annotators.confusion),
        annotators=best.annotators,
        prevalence=prevalence,
        converged=all(one.converged for one in fits),
        iterations=best.iterations,
        objective=best.objective,
        state=best.state,
    )
    same = float((made.labels == votes.labels).mean())
    beside = f"The majority gives the same answer on {same:.1%} of the items."
    return dataclasses.replace(made, warnings=(said, beside, *best.warnings))
