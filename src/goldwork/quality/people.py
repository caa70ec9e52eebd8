"""What the engine makes of people: what they answered on gold, and what follows.

Gold alone accuses (`goldwork.quality.evidence`). From the evidence it follows that somebody is warned and coached, that
their data since it went wrong are set aside until they have been taught, or that a named person is asked to decide.
The engine sets data aside, never people: nobody is paused by it. What peers, traps and flags say raises the rate of
gold, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec

from goldwork.quality import training
from goldwork.quality.draft import Draft, Event, Result
from goldwork.quality.evidence import STAGES, Evidence, Stage, stage_of
from goldwork.quality.lessons import count_drawn, teach
from goldwork.quality.policy import WHOLE
from goldwork.quality.posterior import Credit, Given
from goldwork.quality.skill import ALL, HITS, SCALE

PAUSE = 30 * 60_000
"""After so many milliseconds without a submit a new session begins."""
SCORE = 1000
"""Scores are kept in thousandths."""
ORDER: Sequence[Stage] = ("", *STAGES)
PEERS = 15
"""Peers are asked about somebody from so many judgements on; they count as below the floor where they are `MARGIN`
below it, since being right with one's peers is not being right."""
MARGIN = 1500


def counted(draft: Draft, event: Event) -> None:
    """Count work, whatever it was for, and the active time in milliseconds: paid work is never counted down."""
    body = event.body
    mine, kind = draft.annotator(body["annotator"]), body["kind"]
    states = [mine] if body.get("annotator_kind", "human") != "human" else [mine, draft.project()]
    for state in states:
        state[kind] = state.get(kind, 0) + 1
        state["ms"] = state.get("ms", 0) + body["ms"]
    number, last, begun = mine.get("session", (0, 0, 0))
    if event.at - last > PAUSE:
        number, begun = number + 1, event.at
    mine["session"] = [number, event.at, begun]


def tested(draft: Draft, event: Event) -> None:
    """A gold item or a trap. The first answer counts as evidence about the person; it stays where it is retracted."""
    body, who = event.body, event.body["annotator"]
    if body["kind"] != "answer" or not body["first"]:
        return
    mine, score = draft.annotator(who), body["score"]
    if body["gold"] == "trap":
        _tally(mine, "traps", score)
        return
    _tally(mine, "gold", score)
    draft.count("gold")
    draft.count("gold_right", score)
    for question, known in body["known"].items():
        if known[1] and question in body["said"]:
            said = body["said"][question]
            teach(draft, question, max(known[1], said[1]), Credit(), _known(who, said[0], known))
    bet(mine, Result(body["item"], event.seq, score, body["stratum"]), draft.policy.floor)
    _pass_stages(draft, who, event.seq)


def bet(mine: dict[str, Any], result: Result, floor: int) -> None:
    """One more gold result in somebody's evidence; `began`: the seq from which on their work is in doubt."""
    before = msgspec.convert(mine.get("evidence", {}), Evidence)
    now = before.add(result.score / SCORE, floor / WHOLE, result.stratum)
    if now.since != before.since:
        mine["began"] = mine.get("last_gold", mine.get("heard", 0)) + 1
    mine["last_gold"] = result.seq
    mine["evidence"] = msgspec.to_builtins(now)


def repeated(draft: Draft, event: Event) -> None:
    """One's own earlier item, once more: how far the two answers are the same."""
    body = event.body
    if body["kind"] == "answer" and body["first"]:
        _tally(draft.annotator(body["annotator"]), "repeats", body["score"])


def practised(draft: Draft, event: Event) -> None:
    """A training item."""
    body, who, policy = event.body, event.body["annotator"], draft.policy
    mine = draft.annotator(who)
    why = training.due(mine, draft.project(), policy)
    if body["kind"] != "answer" or not body["first"] or not why or training.is_barred(mine):
        return
    state, outcome = training.after(mine.get("training", {}), body["score"] / SCORE, most=training.length(why, policy))
    mine["training"] = state
    if outcome:
        fresh = {name: state[name] for name in ("passed", "fails") if name in state}
        evidence = {"why": why, "done": state["done"], "right": round(state["right"] * SCORE)}
        if outcome == "passed":
            mine["training"] = fresh | {"passed": max(body["guideline"], state.get("passed", 0)), "fails": 0}
            _return(mine, event.seq)
            draft.decide("qualified", f"annotator {who}", **evidence)
        else:
            fails = state.get("fails", 0) + 1
            mine["training"] = fresh | {"fails": fails}
            if fails > policy.retakes:
                mine["training"]["barred"] = 1
                draft.decide("unqualified", f"annotator {who}", fails=fails, **evidence)


def corrected(draft: Draft, event: Event) -> None:
    """A gold answer set, corrected or withdrawn: everybody's evidence that rests on it is worked out anew.

    `known` and `was`: what it is and was by question; `scores`: everybody's new score, None where it counts no more;
    `said`: what they answered.
    """
    body = event.body
    for sign, known, drawn in ((-1, body["was"], body["was_drawn"]), (1, body["known"], body["drawn"])):
        for question, one in known.items() if drawn else ():
            if one[1]:
                count_drawn(draft, question, one, sign)
    if body["gold"] != "gold":
        return
    for name, score in body["scores"].items():
        who = int(name)
        for question, said in body["said"][name].items():
            was, known = body["was"].get(question), body["known"].get(question)
            classes = max([one[1] for one in (said, was, known) if one])
            if classes:
                past, now = (_known(who, said[0], one, classes) if one else Credit() for one in (was, known))
                teach(draft, question, classes, past, now)
        _rescore(draft, who, body["item"], score, body["stratum"], event.seq)


def watched(draft: Draft, event: Event) -> None:
    """Flags, traps or peers ask for a closer look: more gold, and somebody's attention."""
    watch(draft, event.body["annotator"], event.seq, reasons=event.body["reasons"])


def watch(draft: Draft, who: int, seq: int, **evidence: Any) -> None:
    """Raise somebody's rate of gold, once: not again where a person has looked and seen no reason."""
    if not draft.seen(who).keys() & {"watch", "spared"}:
        draft.annotator(who)["watch"] = seq
        draft.decide("watch", f"annotator {who}", **evidence)


def compared(draft: Draft, who: int, questions: Iterable[str], seq: int) -> None:
    """Whether peers place somebody clearly below the floor: then they get more gold, which can accuse or clear them."""
    person = draft.seen(who)
    for question in questions:
        counts = person.get("skill", {}).get(question)
        if not counts or counts[ALL] < PEERS * SCALE or person.keys() & {"watch", "spared"}:
            continue
        if counts[HITS] * WHOLE < (draft.policy.floor - MARGIN) * counts[ALL]:
            share = counts[HITS] * SCORE // counts[ALL]
            watch(draft, who, seq, reasons=["peers"], agreed=share, judgements=counts[ALL] // SCALE)


def ruled(draft: Draft, event: Event) -> None:
    """A named person has decided about a decision: it stands, it is overruled, or it is followed by an action."""
    body, who = event.body, event.body["annotator"]
    if who is None:
        return
    mine = draft.annotator(who)
    if body["action"] in ("pause", "resume"):
        mine["paused"] = int(body["action"] == "pause")
    if body["action"] == "retake" and "training" in mine:
        mine["training"] = {name: mine["training"][name] for name in ("passed",) if name in mine["training"]}
    if body["verdict"] == "overruled" and body["decision"] == "watch":
        mine.pop("watch", None)
        mine["spared"] = event.seq
    elif body["verdict"] == "overruled" and body["decision"] in STAGES:
        _clear(mine, event.seq)
        draft.decide("restored", f"annotator {who}", decision=body["about"])


def guided(draft: Draft, event: Event) -> None:
    """A guideline's version; with `certify` everybody shows that they have read it."""
    if event.body.get("certify"):
        draft.project()["certify"] = event.body["version"]


def _known(who: int, said: int, known: Sequence[int], classes: int = 0) -> Credit:
    """What a gold answer teaches about who gave it."""
    wide = max(known[1], classes)
    return Credit((Given(who, said),), tuple(SCALE * (k == known[0]) for k in range(wide)))


def _tally(mine: dict[str, Any], name: str, score: int) -> None:
    number, right = mine.get(name, (0, 0))
    mine[name] = [number + 1, right + score]


def _pass_stages(draft: Draft, who: int, seq: int) -> None:
    """Decide what the evidence calls for that was not decided yet."""
    mine = draft.annotator(who)
    evidence = msgspec.convert(mine["evidence"], Evidence)
    reached, was = ORDER.index(evidence.stage), ORDER.index(cast(Stage, mine.get("stage", "")))
    for stage in ORDER[was + 1 : reached + 1]:
        mine["stage"] = stage
        if stage == "quarantine":
            _set_aside(mine, mine["began"], seq)
        draft.decide(
            cast(Any, stage),
            f"annotator {who}",
            e=round(evidence.value, 3),
            gold=evidence.gold,
            right=round(evidence.right * SCORE),
            floor=draft.policy.floor,
            since=evidence.since,
            begins=mine["began"],
        )


def _set_aside(mine: dict[str, Any], begins: int, decided: int) -> None:
    if not any(end == 0 for _, end, _ in mine.get("out", ())):
        mine["out"] = [*mine.get("out", ()), [begins, 0, decided]]
        mine["teach"] = 1


def _return(mine: dict[str, Any], seq: int) -> None:
    """Taught: what comes now counts again, and the evidence begins anew."""
    if not mine.pop("teach", 0):
        return
    mine["out"] = [[begin, end or seq, decided] for begin, end, decided in mine.get("out", ())]
    _forget(mine, seq)


def _clear(mine: dict[str, Any], seq: int) -> None:
    """What was set aside counts again, and the evidence begins anew."""
    mine.pop("out", None)
    mine.pop("teach", None)
    mine.pop("watch", None)
    _forget(mine, seq)


def _forget(mine: dict[str, Any], seq: int) -> None:
    for name in ("evidence", "stage", "began", "last_gold"):
        mine.pop(name, None)
    mine["heard"] = seq


def _rescore(draft: Draft, who: int, item: int, score: int | None, stratum: str, seq: int) -> None:
    """One result has another score, or counts no more: the evidence from the start, and what follows from less."""
    mine = draft.annotator(who)
    before = draft.changes.results.get(who, draft.view.results(who))
    found = [one._replace(score=score, stratum=stratum) if one.item == item and score is not None else one
             for one in before if one.item != item or score is not None]  # fmt: skip
    draft.changes.results[who] = found
    mine["gold"] = [len(found), sum(one.score for one in found)]
    for name in ("evidence", "began", "last_gold"):
        mine.pop(name, None)
    highest = 1.0
    for one in found:
        if one.seq > mine.get("heard", 0):
            bet(mine, one, draft.policy.floor)
            highest = mine["evidence"]["highest"]
    reached = stage_of(highest)
    if ORDER.index(reached) < ORDER.index(cast(Stage, mine.get("stage", ""))):
        mine["stage"] = reached
        if reached in ("", "warn") and mine.get("teach"):
            mine["out"] = [one for one in mine.get("out", ()) if one[1]]
            mine.pop("teach")
            draft.decide("restored", f"annotator {who}", item=item, e=round(highest, 3))
    elif "evidence" in mine:
        _pass_stages(draft, who, seq)
