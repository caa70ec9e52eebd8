"""What peers say of texts: which are due, how they fare, and which an expert should look at.

A text is one answer that was drawn to be reviewed, named by the seq of its submit; a review is about that version and
no other. What takes a text's place is a text of its own, due anew; a text that was taken back or set aside is due no
more. Reviews are counted with their author's and accuse nobody.

**Invariant: an author's `reviews` are the number and the sum of the reviews in force of their texts, but those of
reviewers whose work is set aside.**

An item's state keeps `texts`, by seq [author, reviews asked for, reviews due], and `reviews`, those in force as
[text, author, reviewer, seq, scores by criterion].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from goldwork.quality.draft import Draft, Event, State
from goldwork.quality.policy import HIGHEST, LOWEST, WHOLE

SCORE = 1000
"""Scores are kept in thousandths: the scale's lowest place is 0, its highest SCORE."""
APART = 750
"""Reviewers part widely where on any criterion the upper half of them is, in the mean, three of the four steps of the
scale above the lower half: of two or three reviewers the highest above the lowest. So one of many parts nobody."""

IsOut = Callable[[State, int], bool]


class Review(NamedTuple):
    """One review in force."""

    text: int
    author: int
    reviewer: int
    seq: int
    scores: Mapping[str, int]

    @property
    def mean(self) -> int:
        """What it says over all criteria, rounded down."""
        return sum(self.scores.values()) // len(self.scores)


def score(place: int) -> int:
    """A place on the scale in thousandths."""
    return (place - LOWEST) * SCORE // (HIGHEST - LOWEST)


def written(draft: Draft, event: Event) -> None:
    """An answer that peers are to review, or whatever takes the place of one."""
    body, mine = event.body, draft.item(event.body["item"])
    before = mine.get("texts", {})
    texts = {seq: text for seq, text in before.items() if text[0] != body["annotator"]}
    if body["kind"] == "answer" and (wanted := body.get("reviews")):
        texts[str(event.seq)] = [body["annotator"], wanted, wanted]
    if texts != before:
        mine["texts"] = texts


def noted(draft: Draft, event: Event) -> None:
    """A review, or what takes its place."""
    body, mine = event.body, draft.item(event.body["item"])
    key = (body["subject"], body["annotator"])
    given = [one for one in mine.get("reviews", ()) if (one[0], one[2]) != key]
    if body["kind"] == "answer":
        given.append([body["subject"], body["author"], body["annotator"], event.seq, dict(body["scores"])])
    mine["reviews"] = given


def concerned(item: State) -> set[int]:
    """Whoever wrote or reviewed one of an item's texts."""
    authors = {author for author, *_ in item.get("texts", {}).values()}
    return authors | {who for one in item.get("reviews", ()) for who in one[1:3]}


def weighed(draft: Draft, mine: dict[str, Any], is_out: IsOut) -> list[dict[str, int]]:
    """Say how many reviews each text is due and count those that there are; returns the texts for an expert."""
    if not mine.keys() & {"texts", "reviews"}:
        return []
    given = [Review(*one) for one in mine.get("reviews", ())]
    counted = [one for one in given if not is_out(draft.seen(one.reviewer), one.seq)]
    _tell(draft, mine, counted)
    texts, poor = {}, []
    for name, (author, wanted, _) in mine.get("texts", {}).items():
        seq = int(name)
        due = wanted + sum(one.text == seq for one in given) - sum(one.text == seq for one in counted)
        if mine.get("aside") or is_out(draft.seen(author), seq):
            due = 0
        texts[name] = [author, wanted, due]
        found = [one for one in counted if one.text == seq]
        if due and len(found) >= wanted and max(one.seq for one in found) > mine.get("heard", 0):
            poor += _poor(draft, seq, author, found)
    if texts:
        mine["texts"] = texts
    return poor


def _tell(draft: Draft, mine: dict[str, Any], counted: Sequence[Review]) -> None:
    """Move the authors' counts to what is counted now; `told`: what of this item was."""
    told, now = mine.get("told", {}), dict[str, list[int]]()
    for one in counted:
        number, total = now.get(str(one.author), (0, 0))
        now[str(one.author)] = [number + 1, total + one.mean]
    for name in sorted(told.keys() | now.keys()):
        was, told_now = told.get(name, (0, 0)), now.get(name, (0, 0))
        if tuple(was) != tuple(told_now):
            person = draft.annotator(int(name))
            number, total = person.get("reviews", (0, 0))
            person["reviews"] = [number + told_now[0] - was[0], total + told_now[1] - was[1]]
            draft.count("reviews", told_now[0] - was[0])
    mine["told"] = now


def _poor(draft: Draft, text: int, author: int, found: Sequence[Review]) -> list[dict[str, int]]:
    """The evidence about one text whose reviews are all in, where an expert should look at it."""
    mean = sum(one.mean for one in found) // len(found)
    by_criterion: dict[str, list[int]] = {}
    for one in found:
        for name, value in one.scores.items():
            by_criterion.setdefault(name, []).append(value)
    apart = max(_apart(sorted(values)) for values in by_criterion.values())
    floor = draft.policy.review_floor - LOWEST * WHOLE
    if mean * (HIGHEST - LOWEST) * WHOLE >= SCORE * floor and apart < APART:
        return []
    return [{"text": text, "author": author, "reviews": len(found), "mean": mean, "apart": apart}]


def _apart(values: Sequence[int]) -> int:
    """How far the upper half of ordered values is above the lower half; 0 of a single one."""
    half = len(values) // 2
    return (sum(values[-half:]) - sum(values[:half])) // half if half else 0
