"""What the engine makes of one item: what its answer is, whether it has enough judgements, what it taught.

After whatever changes an item (an answer, a correction, work set aside, an expert's word, full inference) it is
*reconsidered*: its probabilities are worked out anew from the answers in force, what it taught before is taken back
and what it teaches now is added, and the slots that it wants are said. Nothing is ever subtracted from a posterior.

**Invariant: an annotator's counts are the sum of what the items that they judged now teach about them, and of the gold
they answered; the crowd's are the sum of all annotators'.** So the order of events, corrections and full inference
leave no residue.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from goldwork.quality import people, reviews
from goldwork.quality.draft import Answer, Draft, Event, State
from goldwork.quality.lessons import crowd, skill, teach
from goldwork.quality.policy import WHOLE
from goldwork.quality.posterior import USUAL, Calibration, Credit, Given, credit, posterior, tempered
from goldwork.quality.skill import SCALE

MOST_CLASSES = 50
"""Of questions with more classes nothing is learned live: the crowd's confusions would be too large to be kept."""
SURE = 1_000_000
"""Confidences are kept in millionths."""
CLOSED = ("complete", "adjudicate", "audit", "settled")
"""What an item can be that wants no more judgements at present."""


def judged(draft: Draft, event: Event) -> None:
    """An answer, a correction or an undo of ordinary work."""
    item, who = event.body["item"], event.body["annotator"]
    reviews.written(draft, event)
    reconsider(draft, item, event.seq)
    if draft.policy.paradigm == "prescriptive":
        people.compared(draft, who, event.body.get("said", ()), event.seq)


def reviewed(draft: Draft, event: Event) -> None:
    """A peer's review of somebody's text, or its retraction. What people answered is as it was: nothing is relearned
    of it."""
    reviews.noted(draft, event)
    mine = draft.item(event.body["item"])
    shares = {question: of["shares"] for question, of in mine.get("taught", {}).items()}
    reconsider(draft, event.body["item"], mine.get("seq", 0), shares=shares)


def opened(draft: Draft, event: Event) -> None:
    """Items opened for work, or swept anew after the policy has changed; `judged` are those that are known already."""
    body = event.body
    draft.count("items", body["items"])
    draft.changes.opened = (body["after"], body["through"], draft.policy.overlap)
    for item in body["judged"]:
        reconsider(draft, item, event.seq)


def reweighed(draft: Draft, event: Event) -> None:
    """Items of which somebody's work was set aside, or counts again."""
    for item in event.body["items"]:
        reconsider(draft, item, event.seq)


def settled(draft: Draft, event: Event) -> None:
    """An expert's word on an item, or its retraction. Of several experts' words the latest is the item's answer."""
    body, item, who = event.body, event.body["item"], event.body["annotator"]
    mine = draft.item(item)
    words = [one for one in mine.pop("words", ()) if one[0] != who]
    if body["kind"] == "answer":
        if mine.get("status") == "audit" and "audited" not in mine:
            _audited(draft, item, body)
        words.append([who, {question: list(said) for question, said in body["said"].items()}])
    elif mine.get("audited", (None, 0))[0] == who:
        _unaudited(draft, mine)
    mine.pop("known", None)
    if words:
        mine["words"], mine["known"] = words, words[-1][1]
    reconsider(draft, item, event.seq)


def asked(draft: Draft, event: Event) -> None:
    """Somebody wants more judgements of items than the policy does: so many more than there are, however sure it is.
    Below zero, they take that back."""
    for item in event.body["items"]:
        mine = draft.item(item)
        mine["more"] = mine.get("more", 0) + event.body["more"]
        mine["heard"] = event.seq
        mine["asked"] = sum(one.fills for one in _counted(draft, item)) + event.body["more"]
        mine.pop("known", None)
        mine.pop("words", None)
        reconsider(draft, item, event.seq)


def known(draft: Draft, event: Event) -> None:
    """A gold answer set, corrected or withdrawn; `aside`: whether the item is kept out of ordinary work from now on."""
    people.corrected(draft, event)
    aside = event.body.get("aside")
    if aside is None or aside == bool(draft.view.item(event.body["item"]).get("aside")):
        return
    mine = draft.item(event.body["item"])
    if aside:
        mine["aside"] = 1
    else:
        mine.pop("aside")
    reconsider(draft, event.body["item"], event.seq)


def learned(draft: Draft, event: Event) -> None:
    """What full inference over `seq <= through` found of some items. What has changed since is left as it is."""
    for item, shares in event.body["items"]:
        if draft.view.item(item).get("seq", 0) <= event.body["through"]:
            reconsider(draft, item, event.seq, shares=shares)


def calibrated(draft: Draft, event: Event) -> None:
    """How far probabilities are to be believed, by question: temperature and correlation at `SCALE`."""
    draft.project()["calibration"] = {name: list(both) for name, both in event.body["questions"].items()}


def is_out(person: State, seq: int) -> bool:
    """Whether somebody's work of that seq is set aside."""
    return any(begin <= seq and (end == 0 or seq < end) for begin, end, _ in person.get("out", ()))


def reconsider(draft: Draft, item: int, seq: int, *, shares: Mapping[str, Sequence[int]] | None = None) -> None:
    """Work out anew what an item's answer is, what it teaches and what it wants; `shares`: found by full inference."""
    answers, counted = draft.view.answers(item), _counted(draft, item)
    mine = draft.item(item)
    mine["seq"] = seq
    sure = _learn(draft, mine, counted, shares or {}) if draft.policy.paradigm == "prescriptive" else None
    filled = sum(one.fills for one in answers)
    counts = sum(one.fills for one in counted)
    want, why = wants(draft, item, mine, counted, sure)
    status = "settled" if mine.get("known") or mine.get("aside") else "open"
    poor = reviews.weighed(draft, mine, is_out)
    if status == "open" and counts >= want:
        closing = _closing(draft, item, sure, why)
        status, why = ("adjudicate", "reviews") if poor and draft.policy.adjudicate else (closing, why)
    mine["wanted"] = filled if status == "settled" else filled - counts + want
    mine["sure"] = sure
    evidence: dict[str, Any] = {"answers": counts}
    if status in CLOSED and why:
        evidence["why"] = why
    mine.pop("poor", None)
    if why == "reviews":
        evidence["reviews"] = mine["poor"] = poor
    _say(draft, item, mine, status, evidence)


def _counted(draft: Draft, item: int) -> list[Answer]:
    """The answers in force about an item that are not set aside."""
    return [one for one in draft.view.answers(item) if not is_out(draft.seen(one.annotator), one.seq)]


def wants(draft: Draft, item: int, mine: State, counted: Sequence[Answer], sure: int | None) -> tuple[int, str]:
    """How many judgements an item wants that fill slots, and why no more: overlap, sure, agreed or cap."""
    policy, more = draft.policy, mine.get("more", 0)
    least = max(policy.overlap + more, mine.get("asked", 0))
    most = max(policy.most + more, least)
    counts = sum(one.fills for one in counted)
    if not policy.adaptive:
        return least, "overlap"
    if drawn(item, "slice", policy.slice):
        return max(least, policy.slice_overlap), "overlap"
    if counts < least:
        return least, "overlap"
    if alike(counted):
        if sure is None and len(counted) > 1:
            return counts, "agreed"
    elif sure is None:
        return most, "cap"
    if sure is not None and sure * WHOLE >= policy.target * SURE:
        return counts, "sure"
    return (counts + 1, "") if counts < most else (most, "cap")


def result_of(item: State) -> dict[str, int]:
    """An item's answer, by question the code of the class: an expert's word where there is one, else what the answers
    say together."""
    return {**item.get("answer", {}), **{question: code for question, (code, _) in item.get("known", {}).items()}}


def alike(counted: Sequence[Answer]) -> bool:
    """Whether all answers are the same in every question."""
    return all(one.said == counted[0].said for one in counted)


def drawn(item: int, what: str, share: int) -> bool:
    """Whether an item is in a random sample of a share in 10,000: the same whenever it is asked."""
    digest = hashlib.blake2b(f"{what}/{item}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % WHOLE < share


def temper(project: State, question: str) -> Calibration:
    """How a question's probabilities are tempered at present."""
    both = project.get("calibration", {}).get(question)
    return Calibration(both[0] / SCALE, both[1] / SCALE) if both else USUAL


def _learn(
    draft: Draft, mine: dict[str, Any], counted: Sequence[Answer], shares: Mapping[str, Sequence[int]]
) -> int | None:
    """Take back what the item taught and add what it teaches. Returns how sure the least sure question is; None where
    there is none whose classes are learned, or nobody has answered one."""
    before = mine.get("taught", {})
    after: dict[str, Any] = {}
    least: int | None = None
    for question in sorted(before.keys() | {name for one in counted for name in one.said}):
        said = [(one.annotator, one.said[question]) for one in counted if question in one.said]
        classes = max([of for _, (_, of) in said], default=0) or len(before.get(question, {}).get("shares", ()))
        if not 0 < classes <= MOST_CLASSES:
            continue
        given = [Given(who, code) for who, (code, _) in said]
        probabilities, taught = _teach(draft, question, classes, given, mine, before, shares.get(question))
        if taught.shares:
            after[question] = {"given": [[one.annotator, one.answer] for one in taught.given], "shares": taught.shares}
        if given:
            likely = max(tempered(probabilities, temper(draft.seen_project(), question).of(len(given))))
            sure = SURE if mine.get("known", {}).get(question) else round(SURE * likely)
            least = sure if least is None else min(least, sure)
            mine["answer"] = mine.get("answer", {}) | {question: probabilities.index(max(probabilities))}
    mine["taught"] = after
    return least


def _teach(
    draft: Draft,
    question: str,
    classes: int,
    given: list[Given],
    mine: State,
    before: Mapping[str, Any],
    shares: Sequence[int] | None,
) -> tuple[list[float], Credit]:
    """One question of an item: its untempered probabilities, and what it now teaches; the states are moved."""
    old = before.get(question)
    past = Credit(tuple(Given(*one) for one in old["given"]), _wide(old["shares"], classes)) if old else Credit()
    known = mine.get("known", {}).get(question)
    if shares is not None and not known:
        probabilities = [share / SCALE for share in _wide(shares, classes)]
    else:
        states = {one.annotator: skill(draft.seen(one.annotator), question, classes) for one in given}
        probabilities = posterior(given, states, crowd(draft, question, classes))
    taught = known[0] if known else None
    now = credit(given, probabilities, taught, alone=draft.policy.alone) if given else Credit()
    teach(draft, question, classes, past, now)
    return probabilities, now


def _wide(shares: Sequence[int], classes: int) -> tuple[int, ...]:
    """Shares of classes, with those that came later at 0."""
    return (*shares, *[0] * (classes - len(shares)))


def _closing(draft: Draft, item: int, sure: int | None, why: str) -> str:
    """What an item becomes that wants no more judgements."""
    policy = draft.policy
    unsure = sure is not None and policy.target and sure * WHOLE < policy.target * SURE
    if policy.adjudicate and policy.paradigm == "prescriptive" and (unsure or (sure is None and why == "cap")):
        return "adjudicate"
    return "audit" if why in ("sure", "agreed") and drawn(item, "audit", policy.audited) else "complete"


def _audited(draft: Draft, item: int, body: Mapping[str, Any]) -> None:
    """Count a blind audit: how many, and in how many the item's answer was the expert's. It is counted once."""
    mine = draft.item(item)
    own = mine.get("answer", {})
    people = [one.said for one in _counted(draft, item)]
    same = True
    for question, (code, _) in body["said"].items():
        # Of what has no classes that are learned, people agreed: each of their answers is the item's.
        codes = [own[question]] if question in own else [said[question][0] for said in people if question in said]
        same &= code in codes
    mine["audited"] = [body["annotator"], int(same)]
    draft.count("audits")
    draft.count("audits_right", int(same))


def _unaudited(draft: Draft, mine: dict[str, Any]) -> None:
    """The audit is taken back. It is out of the sample for good: who changes an answer may have seen the others'."""
    draft.count("audits", -1)
    draft.count("audits_right", -mine["audited"][1])
    mine["audited"] = [None, 0]


def _say(draft: Draft, item: int, mine: dict[str, Any], status: str, evidence: dict[str, Any]) -> None:
    """Record what an item has become, and move the project's counts of items."""
    before, was = mine.get("status", "open"), mine.get("counted_sure", 0)
    mine["status"] = status
    closed = status in CLOSED
    mine["counted_sure"] = (mine["sure"] or 0) if closed and mine["sure"] is not None else 0
    if (more := mine["counted_sure"] - was) != 0:
        draft.count("sure", more)
    if (measured := bool(mine["counted_sure"]) - bool(was)) != 0:
        draft.count("measured", measured)
    if status == before:
        return
    if (change := closed - (before in CLOSED)) != 0:
        draft.count("complete", change)
    for name, moved in ((before, -1), (status, 1)):
        if name in ("adjudicate", "audit", "settled"):
            draft.count(f"in_{name}", moved)
    if status == "settled" and not mine.get("known"):
        return  # it has become gold: that event says so
    kind = {"open": "reopened", "audit": "complete"}.get(status, status)
    evidence["wanted"] = mine["wanted"]
    if mine["sure"] is not None:
        evidence["confidence"] = mine["sure"]
    draft.decide(kind, f"item {item}", **evidence)  # type: ignore[arg-type]
