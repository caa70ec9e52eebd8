"""The engine's step: pure, total over the kinds of events, decided by the log alone; and its replay."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.quality import draft, engine, items, lessons, people, reviews, training
from goldwork.quality.engine import Changes, Event, Policy
from goldwork.quality.items import is_out
from goldwork.quality.posterior import Credit, Given, add, learn
from goldwork.quality.replay import Replay, Sweeps
from goldwork.quality.skill import SCALE, fresh_pool

KINDS = ("created", "form", "member", "state", "published", "appeal", "of the future")
PEOPLE, ITEMS, GOLD, CLASSES = 4, 5, (11, 12), 3


class Log:
    """A random log that could be a server's: kept in step by replaying it as it is written."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.replay = Replay()
        self.events: list[Event] = []
        self.decisions: list[Any] = []
        self.known = {item: [item % CLASSES, CLASSES] for item in GOLD}
        self.done: set[tuple[int, int]] = set()
        self.drawn: set[int] = set()
        self.current: dict[tuple[int, int], str] = {}
        self.texts: list[tuple[int, int, int]] = []
        self.reviews: dict[tuple[int, int], tuple[int, int, int, dict[str, int]]] = {}
        self.answered: dict[int, dict[str, Any]] = {item: {} for item in GOLD}
        self.add("policy", {"policy": {"overlap": 2, "maximum": 4, "target": 8000}, "version": 1, "by": 1})
        self.add("opened", {"batch": 1, "after": 0, "through": ITEMS, "items": ITEMS, "judged": []})

    def add(self, kind: str, body: dict[str, Any]) -> None:
        event = Event(len(self.events) + 1, kind, body, 1000 * len(self.events))
        self.events.append(event)
        self.decisions.append(self.replay.step(event))

    def grow(self, number: int) -> None:
        """So many more events of every kind."""
        kinds = [self.work] * 8 + [self.gold] * 5 + [self.correct, self.policy, self.learn, self.rule, self.sweep]
        kinds += [self.settle, self.ask, self.calibrate, self.practise, self.foresee, *[self.review] * 4]
        for _ in range(number):
            self.random.choice(kinds)()

    def submit(self, who: int, item: int, kind: str, **more: Any) -> None:
        body = {"annotator": who, "item": item, "kind": kind, "ms": 1500, "surplus": False, "purpose": "work"}
        self.add("submit", body | more)

    def say(self, item: int) -> dict[str, list[int]]:
        right = self.random.random() < 0.7
        return {"q": [item % CLASSES if right else self.random.randrange(CLASSES), CLASSES]}

    def work(self) -> None:
        who, item = self.random.randint(1, PEOPLE), self.random.randint(1, ITEMS)
        if self.current.get((who, item)) == "answer":
            kind = "undo"
        else:
            kind = self.random.choice(["answer", "answer", "answer", "skip"])
        self.current[who, item] = kind
        more = {"said": self.say(item), "surplus": self.random.random() < 0.1} if kind == "answer" else {}
        if kind == "answer" and self.random.random() < 0.5:
            more["reviews"] = 2
            self.texts.append((len(self.events) + 1, who, item))
        self.submit(who, item, kind, **more)

    def review(self) -> None:
        """A review of a text, whether it still stands or not; the same person's next one takes it back first."""
        if not self.texts:
            return
        text, author, item = self.random.choice(self.texts)
        who = self.random.choice([one for one in range(1, PEOPLE + 1) if one != author])
        if self.reviews.pop((text, who), None):
            self.submit(who, item, "undo", purpose="review", subject=text, author=author)
            return
        scores = {name: self.random.choice([0, 250, 500, 750, 1000]) for name in ("right", "clear")}
        self.reviews[text, who] = (len(self.events) + 1, author, item, scores)
        self.submit(who, item, "answer", purpose="review", subject=text, author=author, scores=scores)

    def foresee(self) -> None:
        self.submit(99, self.random.randint(1, ITEMS), "answer", said=self.say(1), annotator_kind="model")

    def gold(self) -> None:
        who, item = self.random.randint(1, PEOPLE), self.random.choice(GOLD)
        said, known = self.say(item), {"q": self.known[item]} if item in self.known else {}
        if who == 1:
            said = {"q": [(item + 1) % CLASSES, CLASSES]}
        first = (who, item) not in self.done
        self.done.add((who, item))
        if first:
            self.answered[item][str(who)] = said
        score = 1000 * (said["q"] == known.get("q"))
        self.submit(who, item, "answer", purpose="gold", gold="gold", said=said, known=known, score=score,
                    stratum="s", first=first)  # fmt: skip

    def correct(self) -> None:
        item = self.random.choice(GOLD)
        was = {"q": self.known[item]} if item in self.known else {}
        if self.random.random() < 0.2:
            self.known.pop(item, None)
        else:
            self.known[item] = [self.random.randrange(CLASSES), CLASSES]
        known = {"q": self.known[item]} if item in self.known else {}
        drawn = {"drawn": True, "was_drawn": item in self.drawn}
        self.drawn.add(item)
        counted = {str(who) for who in range(1, PEOPLE + 1) if any(r.item == item for r in self.replay.results(who))}
        said = {who: one for who, one in self.answered[item].items() if who in counted}
        scores = {who: 1000 * (one["q"] == known["q"]) if known else None for who, one in said.items()}
        if not known:
            self.answered[item] = {}
        self.add("gold", drawn | {"item": item, "gold": "gold", "known": known, "was": was, "stratum": "t",
                                  "scores": scores, "said": said})  # fmt: skip

    def practise(self) -> None:
        who = self.random.randint(1, PEOPLE)
        self.submit(who, 21, "answer", purpose="practice", gold="training", said={}, known={}, stratum="", first=True,
                    score=self.random.choice([1000, 1000, 1000, 0]), guideline=1)  # fmt: skip

    def policy(self) -> None:
        chosen = {"overlap": self.random.randint(1, 3), "maximum": self.random.choice([0, 4]),
                  "target": self.random.choice([0, 8000, 9900]), "quiz": self.random.random() < 0.3,
                  "paradigm": self.random.choice(["prescriptive"] * 4 + ["descriptive"])}  # fmt: skip
        self.add("policy", {"policy": chosen, "version": 2, "by": 1})

    def learn(self) -> None:
        found = []
        for item in range(1, ITEMS + 1):
            parts = [self.random.randrange(1, SCALE // CLASSES) for _ in range(CLASSES - 1)]
            found.append([item, {"q": [*parts, SCALE - sum(parts)]}])
        self.add("learned", {"through": self.random.randint(0, len(self.events)), "items": found})

    def calibrate(self) -> None:
        self.add("calibration", {"questions": {"q": [self.random.randint(SCALE // 2, 2 * SCALE), SCALE // 5]}})

    def rule(self) -> None:
        self.add("ruling", {"about": [1, 0], "decision": self.random.choice(["warn", "quarantine", "propose"]),
                            "annotator": self.random.randint(1, PEOPLE), "by": 1,
                            "verdict": self.random.choice(["upheld", "overruled"]),
                            "action": self.random.choice(["", "pause", "resume", "retake"])})  # fmt: skip

    def sweep(self) -> None:
        if self.random.random() < 0.3:
            known = [item for item in range(1, ITEMS + 1) if self.replay.item(item)]
            self.add("opened", {"batch": 1, "after": 0, "through": ITEMS, "items": 0, "judged": known})
        else:
            self.reweigh()

    def reweigh(self) -> None:
        known = [item for item in range(1, ITEMS + 1) if self.replay.item(item)]
        self.add("reweighed", {"annotator": 1, "items": known})

    def settle(self) -> None:
        item = self.random.randint(1, ITEMS)
        kind = self.random.choice(["answer", "undo"])
        more = {"said": self.say(item)} if kind == "answer" else {}
        self.submit(98, item, kind, purpose="adjudication", **more)

    def ask(self) -> None:
        self.add("asked", {"items": [self.random.randint(1, ITEMS)], "more": 1})


logs = st.tuples(st.integers(0, 2**32), st.integers(1, 60))


def grown(told: tuple[int, int]) -> Log:
    log = Log(told[0])
    log.grow(told[1])
    return log


def whole(replay: Replay, decisions: Sequence[Any]) -> bytes:
    """Decisions and states, as bytes."""
    known = {str(item): replay.item(item) for item in replay.items()}
    rest = [replay.project(), {str(who): state for who, state in replay.annotators.items()}, known]
    return msgspec.json.encode([decisions, rest], order="sorted")


class TestReplay:
    @given(told=logs)
    @settings(max_examples=60)
    def test_it_gives_the_same_to_the_byte(self, told: tuple[int, int]) -> None:
        """With corrections, rulings, corrected gold, full inference at any point; also after the log was stored."""
        log = grown(told)
        read = [msgspec.convert(msgspec.json.decode(msgspec.json.encode(one)), Event) for one in log.events]
        other = Replay()
        assert whole(other, [other.step(event) for event in read]) == whole(log.replay, log.decisions)

    @given(told=logs, at=st.integers(0, 60))
    @settings(max_examples=40)
    def test_it_may_stop_and_go_on(self, told: tuple[int, int], at: int) -> None:
        """State and the rest of the log are enough: what a crash leaves behind."""
        log, first = grown(told), Replay()
        before = [first.step(event) for event in log.events[:at]]
        second = copy.deepcopy(first)
        after = [second.step(event) for event in log.events[at:]]
        assert whole(second, before + after) == whole(log.replay, log.decisions)

    @given(told=logs)
    @settings(max_examples=40)
    def test_a_group_that_is_rolled_back_leaves_nothing(self, told: tuple[int, int]) -> None:
        log = grown(told)
        kept = whole(log.replay, log.decisions)
        tried = copy.deepcopy(log)
        tried.grow(5)
        assert whole(log.replay, log.decisions) == kept


@given(told=logs)
@settings(max_examples=80)
def test_what_is_known_is_the_sum_of_what_was_taught(told: tuple[int, int]) -> None:
    """Annotators' counts are what items and gold teach now, the crowd's are their sum: nothing is left over."""
    log = grown(told)
    replay = log.replay
    expected: dict[int, list[int]] = {}
    pooled = fresh_pool(CLASSES)
    lessons_now = [
        Credit(tuple(Given(*one) for one in of["given"]), tuple(of["shares"]))
        for item in replay.items()
        for of in replay.item(item).get("taught", {}).values()
    ]
    for who in range(1, PEOPLE + 1):
        for result in replay.results(who):
            if result.item in log.known:
                said = log.answered[result.item][str(who)]["q"][0]
                right = log.known[result.item][0]
                lessons_now.append(Credit((Given(who, said),), tuple(SCALE * (k == right) for k in range(CLASSES))))
    for taught in lessons_now:
        lesson = learn(Credit(), taught, CLASSES)
        add(pooled, lesson.pooled)
        for who, changes in lesson.annotators.items():
            add(expected.setdefault(who, lessons.skill({}, "q", CLASSES)), changes)
    empty = lessons.skill({}, "q", CLASSES)
    for who in range(1, PEOPLE + 1):
        assert lessons.skill(replay.annotator(who), "q", CLASSES) == expected.get(who, empty)
    kept = replay.project().get("pooled", {}).get("q", fresh_pool(CLASSES))
    assert kept[:-CLASSES] == pooled[:-CLASSES]
    drawn = log.drawn & log.known.keys()
    assert kept[-CLASSES:] == [SCALE * sum(log.known[item][0] == k for item in drawn) for k in range(CLASSES)]


@given(told=logs)
@settings(max_examples=60)
def test_counts_are_what_the_log_says(told: tuple[int, int]) -> None:
    log = grown(told)
    sent = [event.body for event in log.events if event.kind == "submit"]
    by_people = [body for body in sent if "annotator_kind" not in body]
    for kind in ("answer", "skip", "undo"):
        assert log.replay.project().get(kind, 0) == sum(body["kind"] == kind for body in by_people)
    for who, state in log.replay.annotators.items():
        assert state.get("ms", 0) == sum(body["ms"] for body in sent if body["annotator"] == who)
    closed = [item for item in log.replay.items() if log.replay.item(item).get("status", "open") != "open"]
    assert log.replay.project().get("complete", 0) == len(closed)
    sure = sum(log.replay.item(item)["counted_sure"] for item in closed)
    assert log.replay.project().get("sure", 0) == sure


@given(told=logs)
@settings(max_examples=80)
def test_reviews_are_the_sum_of_what_items_keep(told: tuple[int, int]) -> None:
    """Once every item is swept: those in force, but those of reviewers whose work is set aside; and what is due."""
    log = grown(told)
    log.reweigh()
    replay = log.replay
    expected: dict[int, list[int]] = {}
    kept = set()
    for (text, who), (seq, author, item, scores) in log.reviews.items():
        assert [text, author, who, seq, scores] in replay.item(item)["reviews"]
        kept.add(seq)
        if not is_out(replay.annotator(who), seq):
            number, total = expected.get(author, (0, 0))
            expected[author] = [number + 1, total + sum(scores.values()) // 2]
    for who in range(1, PEOPLE + 1):
        assert replay.annotator(who).get("reviews", [0, 0]) == expected.get(who, [0, 0])
    assert replay.project().get("reviews", 0) == sum(number for number, _ in expected.values())
    assert kept == {one[3] for item in replay.items() for one in replay.item(item).get("reviews", ())}
    in_force = {one.seq: one.annotator for item in replay.items() for one in replay.answers(item)}
    texts = {int(name): one for item in replay.items() for name, one in replay.item(item).get("texts", {}).items()}
    assert {text: author for text, author, _ in log.texts if text in in_force} == {
        text: author for text, (author, *_) in texts.items()
    }
    for text, (author, wanted, due) in texts.items():
        lost = [
            who for (of, who), (seq, *_) in log.reviews.items() if of == text and is_out(replay.annotator(who), seq)
        ]
        assert due == (0 if is_out(replay.annotator(author), text) else wanted + len(lost))


@pytest.mark.parametrize(
    ("places", "apart"),
    [((5,), 0), ((5, 2), 750), ((2, 4, 5), 750), ((5, 5, 5, 5, 2), 375), ((5, 5, 5, 2, 2), 750), ((1, 1, 5, 5), 1000)],
)
def test_how_far_reviewers_part(places: tuple[int, ...], apart: int) -> None:
    told = Given1(overlap=1, review_floor=10_000)
    told.answer(1, 0, reviews=len(places))
    found = [
        made
        for who, place in enumerate(places, 2)
        for made in told.answer(who, 0, purpose="review", subject=3, author=1, scores={"q": reviews.score(place)})
    ]
    assert [made.evidence["reviews"][0]["apart"] for made in found] == ([apart] if apart >= reviews.APART else [])
    assert told.item(1)["status"] == ("adjudicate" if apart >= reviews.APART else "complete")


@given(told=logs)
@settings(max_examples=60)
def test_the_step_is_pure(told: tuple[int, int]) -> None:
    """What went in stays as it was."""
    log = grown(told)
    again = Log(told[0])
    again.grow(told[1])
    view = again.replay
    before = whole(view, [])
    for event in again.events[-5:]:
        first, second = engine.step(view, event), engine.step(view, event)
        assert first == second
    assert whole(view, []) == before == whole(log.replay, [])


def test_other_kinds_change_nothing() -> None:
    assert not set(KINDS) & engine.RULES.keys()
    for kind in KINDS:
        assert engine.step(Replay(), Event(1, kind, {"anything": [1.5, None]}, 0)) == Changes()


def test_the_step_knows_no_clock_no_chance_and_no_files() -> None:
    for part in (engine, draft, items, people, training, lessons, reviews):
        source = inspect.getsource(part)
        for name in ("import time", "import random", "import os", "import secrets", "datetime", "open(", "numpy"):
            assert name not in source


# One item.


class Given1(Replay):
    """A replay that is told what it needs."""

    def __init__(self, **policy: Any) -> None:
        super().__init__()
        self.seq = 0
        self.tell("policy", policy={"slice": 0, "audited": 0, **policy})
        self.tell("opened", batch=1, after=0, through=10, items=10, judged=[])

    def tell(self, what: str, /, **body: Any) -> list[Any]:
        self.seq += 1
        return self.step(Event(self.seq, what, body, self.seq * 1000))

    def answer(self, who: int, code: int, item: int = 1, classes: int = 2, **more: Any) -> list[Any]:
        body = {"annotator": who, "item": item, "kind": "answer", "ms": 900, "surplus": False, "purpose": "work",
                "said": {"q": [code, classes]}}  # fmt: skip
        return self.tell("submit", **(body | more))

    def test(self, who: int, score: int, item: int) -> list[Any]:
        said = 1 if score else 0
        return self.answer(who, said, item, purpose="gold", gold="gold", known={"q": [1, 2]}, score=score, stratum="1",
                           first=True)  # fmt: skip


def kinds(decisions: Sequence[Any]) -> list[str]:
    return [made.kind for made in decisions]


class TestStopping:
    def test_fixed_overlap(self) -> None:
        told = Given1(overlap=2)
        assert kinds(told.answer(1, 0)) == []
        assert kinds(told.answer(2, 1)) == ["complete"]
        assert told.item(1)["wanted"] == 2

    def test_an_item_stops_when_it_is_sure(self) -> None:
        told = Given1(overlap=1, maximum=5, target=8800)
        assert kinds(told.answer(1, 0)) == []
        assert told.item(1)["wanted"] == 2
        assert kinds(told.answer(2, 0)) == ["complete"]
        assert (told.item(1)["wanted"], told.item(1)["status"]) == (2, "complete")
        assert told.item(1)["sure"] >= 880_000

    def test_it_is_asked_again_up_to_the_cap_and_then_waits_for_an_expert(self) -> None:
        told = Given1(overlap=2, maximum=4, target=9900)
        found = [told.answer(who, who % 2) for who in range(1, 5)]
        assert [kinds(made) for made in found] == [[], [], [], ["adjudicate"]]
        assert found[-1][0].evidence["why"] == "cap"
        done = told.answer(9, 1, purpose="adjudication")
        assert (kinds(done), told.item(1)["known"], told.item(1)["sure"]) == (["settled"], {"q": [1, 2]}, 1_000_000)

    def test_a_retracted_answer_opens_it_again(self) -> None:
        told = Given1(overlap=2)
        told.answer(1, 0)
        told.answer(2, 0)
        body = {"annotator": 2, "item": 1, "kind": "undo", "ms": 0, "surplus": False, "purpose": "work"}
        assert kinds(told.tell("submit", **body)) == ["reopened"]
        assert told.project()["complete"] == 0

    def test_other_task_types_stop_on_agreement_alone(self) -> None:
        told = Given1(overlap=2, maximum=4, target=9000)
        told.answer(1, 77, classes=0)
        assert told.answer(2, 77, classes=0)[0].evidence["why"] == "agreed"
        told.answer(1, 77, item=2, classes=0)
        assert told.answer(2, 78, item=2, classes=0) == []
        assert told.item(2)["wanted"] == 4

    def test_a_slice_keeps_its_overlap(self) -> None:
        told = Given1(overlap=1, maximum=5, target=6000, slice=10_000, slice_overlap=3)
        assert [kinds(told.answer(who, 0)) for who in (1, 2, 3)] == [[], [], ["complete"]]

    def test_stopped_items_are_audited(self) -> None:
        told = Given1(overlap=1, maximum=5, target=6000, audited=10_000)
        assert kinds(told.answer(1, 0)) == ["complete"]
        assert told.item(1)["status"] == "audit"
        told.answer(9, 1, purpose="adjudication")
        assert (told.project()["audits"], told.project()["audits_right"]) == (1, 0)

    def test_views_teach_nothing(self) -> None:
        told = Given1(overlap=2, maximum=5, target=9000, paradigm="descriptive")
        told.answer(1, 0)
        assert kinds(told.answer(2, 1)) == ["complete"]
        assert "skill" not in told.annotator(1)
        assert told.item(1)["sure"] is None

    def test_another_class_moves_nothing(self) -> None:
        told = Given1(overlap=2)
        told.answer(1, 0)
        told.answer(2, 0)
        before = told.annotator(1)["skill"]["q"]
        told.answer(1, 2, item=2, classes=3)
        told.answer(3, 2, item=2, classes=3)
        after = told.annotator(1)["skill"]["q"]
        assert (len(before), len(after)) == (2 + 2 + 4, 2 + 3 + 9)
        assert after[5 + 0] >= before[4 + 0] > 0


class TestPeople:
    def test_a_random_one_is_warned_set_aside_and_proposed(self) -> None:
        told = Given1(overlap=1, floor=8500)
        told.answer(7, 0)
        seen = [kind for item in range(100, 140) for kind in kinds(told.test(7, 1000 * (item % 2), item))]
        assert seen == ["warn", "quarantine", "propose"]
        person = told.annotator(7)
        assert (person["teach"], person["out"][0][1]) == (1, 0)
        assert is_out(person, told.seq)

    def test_an_honest_one_is_left_in_peace(self) -> None:
        told = Given1(overlap=1, floor=8500)
        made = [told.test(7, 1000 * (item % 10 > 0), item) for item in range(100, 300)]
        assert [one for one in made if one] == []

    def test_work_that_is_set_aside_weighs_nothing_and_comes_back(self) -> None:
        told = Given1(overlap=2)
        told.answer(7, 1)
        told.answer(2, 0)
        for item in range(100, 120):
            told.test(7, 0, item)
        assert kinds(told.tell("reweighed", annotator=7, items=[1])) == ["reopened"]
        assert told.item(1)["wanted"] == 3
        told.answer(3, 0)
        assert (told.item(1)["status"], told.item(1)["answer"]) == ("complete", {"q": 0})
        before = whole(told, [])
        assert told.tell("reweighed", annotator=7, items=[1]) == []
        assert len(whole(told, [])) == len(before)
        ruled = told.tell("ruling", about=[1, 0], decision="quarantine", annotator=7, verdict="overruled", action="",
                          by=1)  # fmt: skip
        assert kinds(ruled) == ["restored"]
        told.tell("reweighed", annotator=7, items=[1])
        assert told.item(1)["wanted"] == 2
        assert "out" not in told.annotator(7)

    def test_teaching_lets_new_work_count(self) -> None:
        told = Given1(overlap=2)
        for item in range(100, 120):
            told.test(7, 0, item)
        made = []
        for _ in range(8):
            made += told.answer(7, 1, 200, purpose="practice", gold="training", known={}, score=1000, stratum="",
                                first=True, guideline=1)  # fmt: skip
        assert kinds(made) == ["qualified"]
        person = told.annotator(7)
        assert not is_out(person, told.seq)
        assert is_out(person, told.seq - 5)
        assert person.get("stage", "") == ""

    def test_corrected_gold_clears_who_was_right(self) -> None:
        told = Given1(overlap=1)
        for item in range(100, 112):
            told.test(7, 0, item)
        assert told.annotator(7)["stage"] in ("quarantine", "propose")
        made = []
        for item in range(100, 112):
            made += told.tell("gold", item=item, gold="gold", known={"q": [0, 2]}, was={"q": [1, 2]}, drawn=False,
                              was_drawn=False, stratum="0", scores={"7": 1000}, said={"7": {"q": [0, 2]}})  # fmt: skip
        assert "restored" in kinds(made)
        assert (told.annotator(7)["stage"], told.annotator(7)["gold"]) == ("", [12, 12_000])

    def test_a_retracted_gold_answer_stays_evidence(self) -> None:
        told = Given1(overlap=1)
        told.test(7, 0, 100)
        told.answer(7, 1, 100, purpose="gold", gold="gold", known={"q": [1, 2]}, score=1000, stratum="1", first=False)
        assert told.annotator(7)["gold"] == [1, 0]

    def test_peers_ask_for_more_gold_and_accuse_nobody(self) -> None:
        told = Given1(overlap=3)
        made = []
        for item in range(1, 60):
            for who in (1, 2):
                made += told.answer(who, item % 2, item)
            made += told.answer(7, 1 - item % 2, item)
        about = [one for one in made if one.subject == "annotator 7"]
        assert kinds(about) == ["watch"]
        assert not {"stage", "out", "evidence"} & told.annotator(7).keys()

    def test_a_closer_look_that_is_overruled_ends_and_clears_nothing_else(self) -> None:
        told = Given1(overlap=3)
        for item in range(100, 106):
            told.test(7, 0, item)
        told.tell("watch", annotator=7, reasons=["peers"])
        before = told.annotator(7)
        assert before["watch"]
        ruling = {"annotator": 7, "decision": "watch", "verdict": "overruled", "action": "", "by": 1}
        assert told.tell("ruling", about=[before["watch"], 0], **ruling) == []
        after = told.annotator(7)
        assert "watch" not in after
        assert {name: after[name] for name in ("stage", "out", "evidence")} == {
            name: before[name] for name in ("stage", "out", "evidence")
        }
        assert told.tell("watch", annotator=7, reasons=["peers"]) == []  # a person has looked already


class TestTraining:
    def test_three_wrong_ones_fail(self) -> None:
        state: dict[str, Any] = {}
        outcomes = []
        for _ in range(3):
            state, outcome = training.after(state, 0, most=20)
            outcomes.append(outcome)
        assert outcomes == ["", "", "failed"]

    @pytest.mark.parametrize(("share", "most"), [(0.6, 0.09), (0.95, 1.0)])
    def test_errors_are_as_stated(self, share: float, most: float) -> None:
        """Who is right with BAD passes rarely; with more than GOOD nearly always. Truncation adds a little."""
        draw, passed = Random(3), 0
        for _ in range(2000):
            state: dict[str, Any] = {}
            outcome = ""
            while not outcome:
                state, outcome = training.after(state, float(draw.random() < share), most=20)
            passed += outcome == "passed"
        assert passed / 2000 <= most
        assert share < 0.9 or passed / 2000 > 0.95

    def test_what_is_due(self) -> None:
        quiz = Policy(quiz=True)
        assert training.due({}, {}, quiz) == "quiz"
        assert training.due({"training": {"passed": 1}}, {"certify": 2}, quiz) == "refresher"
        assert training.due({"training": {"passed": 2}, "teach": 1}, {"certify": 2}, quiz) == "teaching"
        assert training.due({}, {}, Policy()) == ""


class TestSweeps:
    @given(
        chunks=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12), st.integers(1, 5)), max_size=30),
    )
    def test_the_latest_chunk_over_an_item_counts(self, chunks: list[tuple[int, int, int]]) -> None:
        sweeps, wanted = Sweeps(), dict.fromkeys(range(50), 0)
        for after, more, slots in chunks:
            sweeps.add(after, after + more, slots)
            wanted |= dict.fromkeys(range(after + 1, after + more + 1), slots)
        assert {item_id: sweeps.slots(item_id) for item_id in wanted} == wanted
        assert sweeps.reached == max((after + more for after, more, _ in chunks), default=0)

    def test_a_sweep_in_chunks_takes_no_room(self) -> None:
        sweeps = Sweeps()
        for _ in range(3):
            for begin in range(0, 1_000_000, 500):
                sweeps.add(begin, begin + 500, 3)
        assert sum(len(ranges) for ranges in sweeps._passes) == 3
