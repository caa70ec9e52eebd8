"""What an answer teaches, put into the states of those whom it is about."""

from __future__ import annotations

from collections.abc import Sequence

from goldwork.quality.draft import Draft, State
from goldwork.quality.posterior import Credit, add, learn
from goldwork.quality.skill import ROWS, SCALE, Pooled, resized, resized_pool


def crowd(draft: Draft, question: str, classes: int) -> Pooled:
    """The crowd's counts about a question, to read."""
    return Pooled(classes, resized_pool(draft.seen_project().get("pooled", {}).get(question, ()), classes))


def skill(person: State, question: str, classes: int) -> list[int]:
    """What is known of an annotator about a question: their own copy."""
    return resized(person.get("skill", {}).get(question, ()), classes)


def teach(draft: Draft, question: str, classes: int, past: Credit, now: Credit) -> None:
    """Take back what was taught and add what is."""
    if past == now:
        return
    lesson = learn(past, now, classes)
    for who, changes in lesson.annotators.items():
        counts = skill(draft.seen(who), question, classes)
        add(counts, changes)
        person = draft.annotator(who)
        person["skill"] = {**person.get("skill", {}), question: counts}
    pooled = crowd(draft, question, classes)
    add(pooled.counts, lesson.pooled)
    _keep(draft, question, pooled.counts)


def count_drawn(draft: Draft, question: str, said: Sequence[int], sign: int) -> None:
    """Count the class of a gold item that was drawn at random, once, or take it back."""
    code, classes = said
    pooled = crowd(draft, question, classes)
    pooled.counts[ROWS + classes + classes * classes + code] += sign * SCALE
    _keep(draft, question, pooled.counts)


def _keep(draft: Draft, question: str, counts: list[int]) -> None:
    whole = draft.project()
    whole["pooled"] = {**whole.get("pooled", {}), question: counts}
