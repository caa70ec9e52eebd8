"""Blind peer review: who is given which text, what counts, what goes to an expert, and what the author is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.errors import AnswerError, ConflictError, InputError
from goldwork.quality.policy import RUBRIC
from goldwork.services import access, assign, peer_reviews, policy, reviewing
from goldwork.services.log import Log, decode
from goldwork.services.reviewing import COMMENT
from goldwork.store.schema import (
    annotator,
    annotator_state,
    assignment,
    decision,
    item,
    item_state,
    placement,
    review,
)
from tests.core import MINUTE, Clock, findings
from tests.gold import add_gold, give
from tests.services.conftest import Room
from tests.services.test_plans import plan, reads_whole

FORM = {
    "fields": [{"name": "text", "show": "text"}],
    "questions": [
        {"name": "reply", "title": "Answer it.", "task": {"type": "text"}},
        {
            "name": "tone",
            "title": "Which tone?",
            "optional": True,
            "task": {"type": "choice", "classes": [{"value": "warm"}, {"value": "cool"}]},
        },
    ],
}
GOOD = dict.fromkeys((one.name for one in RUBRIC), 5)
POOR = dict.fromkeys((one.name for one in RUBRIC), 2)


@pytest.fixture
def clock(room: Room) -> Clock:
    room.database.now = clock = Clock()
    return clock


def set_quality(room: Room, **quality: Any) -> None:
    mine = room.read(partial(access.find_member, person=room.manager, project_id=room.project))
    room.writer.run(partial(policy.set_policy, database=room.database, mine=mine, quality=quality))


def begin(room: Room, items: int, overlap: int = 1, **quality: Any) -> None:
    """A project whose texts are all reviewed, by two peers each."""
    room.make_project(FORM, overlap)
    set_quality(room, **{"review": 1.0, "gold": False} | quality)
    room.add_items(items)


def write(room: Room, who: int, lease: Any, words: str = "Thank you.") -> int:
    """An answer. Returns its seq."""
    return room.submit(who, lease.id, answers={"reply": words}).seq


def reviewed(room: Room, who: int, lease: Any, scores: Mapping[str, int] = GOOD, **more: Any) -> int:
    assert lease.text is not None
    return room.submit(who, lease.id, answers=dict(scores) | more).seq


def held(room: Room, who: int, count: int = 20) -> tuple[list[Any], list[Any]]:
    """What somebody holds: items to answer, texts to review."""
    found = room.lease(who, count)
    return [one for one in found if one.text is None], [one for one in found if one.text is not None]


def rows(room: Room, table: sa.Table, **where: Any) -> list[Any]:
    wanted = [table.c[name] == value for name, value in where.items()]
    return list(room.read(lambda connection: connection.execute(sa.select(table).where(*wanted)).all()))


def state(room: Room, who: int) -> dict[str, Any]:
    [row] = rows(room, annotator_state, annotator=who, project=room.project)
    return dict(decode(row.body))


def status(room: Room) -> Counter[str]:
    return Counter(row.status for row in rows(room, item_state, project=room.project))


def people(room: Room, number: int) -> list[int]:
    return [room.add_annotator(f"P{n}") for n in range(number)]


class TestWho:
    def test_the_text_of_another_is_shown_without_its_author(self, room: Room) -> None:
        begin(room, 1)
        ann, bob, cleo = people(room, 3)
        write(room, ann, held(room, ann)[0][0], "Thank you, we send a new one.")
        assert held(room, ann) == ([], [])
        work, texts = held(room, bob)
        assert (work, [one.text.answers for one in texts]) == ([], [{"reply": "Thank you, we send a new one."}])
        assert len(held(room, cleo)[1]) == 1
        assert held(room, people(room, 1)[0]) == ([], []), "two reviews are held"
        assert findings(room.database) == []

    def test_nobody_sees_anothers_text_before_their_own(self, room: Room) -> None:
        """While an item wants answers, only those review who have answered it: so no answer is lost."""
        begin(room, 1, overlap=3)
        ann, bob, cleo, dan = people(room, 4)
        write(room, ann, held(room, ann)[0][0])
        work, texts = held(room, bob)
        assert (len(work), texts) == (1, [])
        write(room, bob, work[0], "Sorry.")
        assert held(room, bob)[1][0].text.answers == {"reply": "Thank you."}
        work, texts = held(room, cleo)
        assert (len(work), texts) == (1, [])
        assert held(room, dan) == ([], []), "cleo holds the last slot, and may give it back: dan may still be needed"
        write(room, cleo, work[0], "Very sorry.")
        assert len(held(room, dan)[1]) == 1
        assert findings(room.database) == []

    def test_who_reviewed_an_item_is_not_given_it_to_answer(self, room: Room) -> None:
        """Also when it wants more answers later, as gold, or as a training item."""
        begin(room, 1)
        ann, bob, cleo = people(room, 3)
        write(room, ann, held(room, ann)[0][0])
        [text] = held(room, bob)[1]
        [one] = rows(room, item, project=room.project)
        room.writer.run(partial(record_asked, room=room, items=[one.id]))
        assert [lease.id for lease in held(room, bob)[0]] == []
        assert len(held(room, cleo)[0]) == 1
        reviewed(room, bob, text)
        assert held(room, bob) == ([], [])
        with pytest.raises(sa.exc.IntegrityError):
            room.writer.run(partial(lease_by_force, room=room, who=bob, item_id=one.id))

    def test_what_lapsed_in_ones_hands_may_still_be_answered(self, room: Room, clock: Clock) -> None:
        begin(room, 1)
        ann, bob = people(room, 2)
        [late] = held(room, ann)[0]
        clock.now += 31 * MINUTE
        write(room, bob, held(room, bob)[0][0])
        assert held(room, ann) == ([], []), "a late answer would be taken"
        assert room.submit(ann, late.id, answers={"reply": "Late."}).surplus
        assert len(held(room, ann)[1]) == 1

    def test_an_answer_stands_once_anothers_was_shown(self, room: Room) -> None:
        begin(room, 1, overlap=2)
        ann, bob = people(room, 2)
        mine = held(room, ann)[0][0]
        write(room, ann, mine)
        room.submit(ann, mine.id, kind="undo", answers={})
        write(room, ann, mine, "Changed in time.")
        write(room, bob, held(room, bob)[0][0])
        assert len(held(room, ann)[1]) == 1
        with pytest.raises(ConflictError, match="yours stands") as refused:
            room.submit(ann, mine.id, kind="undo", answers={})
        assert refused.value.reason == "seen_others"

    def test_a_repeat_is_not_asked_of_who_has_seen_another_answer(self, room: Room, clock: Clock) -> None:
        begin(room, 30, overlap=2, audits=2)
        ann, bob = people(room, 2)
        for who in (ann, bob):
            while work := held(room, who, 1)[0]:
                write(room, who, work[0])
        clock.now += 60 * MINUTE
        seen = {row.item for row in rows(room, assignment, annotator=ann, purpose="review")}
        again = {row.item for row in rows(room, assignment, annotator=ann, purpose="repeat")}
        assert not seen & again

    def test_the_share_is_drawn_by_lot(self, room: Room) -> None:
        begin(room, 300, review=0.3)
        [ann] = people(room, 1)
        for count in (200, 100):
            for one in held(room, ann, count)[0]:
                write(room, ann, one)
        assert 40 <= len(rows(room, review, project=room.project)) <= 140
        drawn = [reviewing.lot(b"one", f"{n}") < reviewing.lot(b"two", f"{n}") for n in range(200)]
        assert 60 < sum(drawn) < 140

    def test_none_where_nobody_asked_for_reviews(self, room: Room) -> None:
        begin(room, 3, review=0.0)
        [ann] = people(room, 1)
        for one in held(room, ann)[0]:
            write(room, ann, one)
        assert rows(room, review, project=room.project) == []

    def test_only_what_is_written_is_reviewed(self, room: Room) -> None:
        room.make_project(overlap=1)
        set_quality(room, review=1.0, gold=False)
        room.add_items(3)
        [ann] = people(room, 1)
        room.judge(ann, lambda payload: "a")
        assert rows(room, review, project=room.project) == []


def record_asked(connection: sa.Connection, room: Room, items: Sequence[int]) -> None:
    log = Log(connection, room.database, room.project)
    log.load(set(items), set())
    log.add("asked", {"items": list(items), "more": 1, "by": 1})
    log.flush()


def lease_by_force(connection: sa.Connection, room: Room, who: int, item_id: int) -> None:
    """An item to be answered, by whatever code."""
    lease = {"id": "x", "project": room.project, "item": item_id, "annotator": who, "pass_number": 0}
    about = {"purpose": "gold", "state": "leased", "leased_at": 0, "leased_until": 0}
    connection.execute(sa.insert(assignment).values(lease | about))


class TestLeases:
    def test_reviews_keep_up_with_the_work(self, room: Room) -> None:
        """Every text brings two reviews: of what three people are given, two in three are, or somewhat more."""
        begin(room, 60)
        crew = people(room, 3)
        order: list[bool] = []
        for _ in range(40):
            for who in crew:
                for one in room.lease(who, 3)[:3]:
                    order.append(one.text is not None)
                    if one.text is None:
                        write(room, who, one)
                    else:
                        reviewed(room, who, one)
        assert Counter(order) == {False: 60, True: 120}
        assert 40 <= sum(order[:75]) <= 55
        assert all(row.taken == row.wanted == 2 for row in rows(room, review, project=room.project))
        assert findings(room.database) == []

    def test_no_text_is_given_to_more_than_asked(self, room: Room) -> None:
        """Also to people who ask in one group."""
        begin(room, 1)
        ann, *others = people(room, 6)
        write(room, ann, held(room, ann)[0][0])
        wants = [assign.Lease(room.project, who, 5) for who in others]
        leased = room.writer.run(lambda connection: room.assigner.lease_many(connection, wants))
        assert sum(len(one.assignments) for one in leased) == 2
        assert findings(room.database) == []

    def test_a_lapsed_review_goes_to_another_and_may_come_late(self, room: Room, clock: Clock) -> None:
        begin(room, 1, reviews=1)
        ann, bob, cleo = people(room, 3)
        write(room, ann, held(room, ann)[0][0])
        [text] = held(room, bob)[1]
        clock.now += 31 * MINUTE
        [other] = held(room, cleo)[1]
        assert held(room, bob) == ([], [])
        reviewed(room, cleo, other)
        reviewed(room, bob, text, POOR)
        assert state(room, ann)["reviews"][0] == 2
        assert findings(room.database) == []

    def test_a_skipped_review_goes_to_another(self, room: Room) -> None:
        begin(room, 1, reviews=1)
        ann, bob, cleo = people(room, 3)
        write(room, ann, held(room, ann)[0][0])
        [text] = held(room, bob)[1]
        room.submit(bob, text.id, None)
        assert held(room, bob) == ([], [])
        assert len(held(room, cleo)[1]) == 1
        room.submit(bob, text.id, kind="undo", answers={})
        assert findings(room.database) == []

    def test_asking_again_gives_the_same(self, room: Room) -> None:
        begin(room, 4)
        ann, bob = people(room, 2)
        for one in held(room, ann)[0][:2]:
            write(room, ann, one)
        first = room.lease(bob, 4)
        assert [(one.id, one.text) for one in room.lease(bob, 4)] == [(one.id, one.text) for one in first]
        assert any(one.text is not None for one in first)

    def test_reviews_take_no_place_of_gold(self, room: Room) -> None:
        begin(room, 10)
        ann, bob = people(room, 2)
        for one in held(room, ann)[0][:5]:
            write(room, ann, one)
        work, texts = held(room, bob)
        [row] = rows(room, placement, annotator=bob)
        assert (row.given, decode(row.body)["reviews"]) == (len(work), len(texts))


class TestReviews:
    def test_they_are_counted_with_their_author(self, room: Room) -> None:
        begin(room, 1)
        ann, bob, cleo = people(room, 3)
        write(room, ann, held(room, ann)[0][0])
        reviewed(room, bob, held(room, bob)[1][0])
        reviewed(room, cleo, held(room, cleo)[1][0], GOOD | {"right": 3})
        assert state(room, ann)["reviews"] == [2, 1000 + (3 * 1000 + 500) // 4]
        assert (state(room, bob)["answer"], status(room)) == (1, {"complete": 1})
        assert findings(room.database) == []

    def test_one_that_is_corrected_counts_once(self, room: Room) -> None:
        begin(room, 1)
        ann, bob = people(room, 2)
        write(room, ann, held(room, ann)[0][0])
        [text] = held(room, bob)[1]
        reviewed(room, bob, text)
        room.submit(bob, text.id, kind="undo", answers={})
        assert state(room, ann)["reviews"] == [0, 0]
        reviewed(room, bob, text, POOR)
        assert state(room, ann)["reviews"] == [1, 250]
        assert findings(room.database) == []

    def test_a_retry_is_harmless(self, room: Room) -> None:
        begin(room, 1)
        ann, bob = people(room, 2)
        write(room, ann, held(room, ann)[0][0])
        [text] = held(room, bob)[1]
        first = room.submit(bob, text.id, answers=GOOD, id="once")
        assert room.submit(bob, text.id, answers=GOOD, id="once") == first
        assert state(room, ann)["reviews"][0] == 1

    def test_what_does_not_fit_the_rubric_is_refused(self, room: Room) -> None:
        begin(room, 1)
        ann, bob = people(room, 2)
        write(room, ann, held(room, ann)[0][0])
        [text] = held(room, bob)[1]
        for wrong in (GOOD | {"right": 6}, GOOD | {"right": 2.5}, GOOD | {"right": "5"}, GOOD | {COMMENT: ""}):
            with pytest.raises(AnswerError):
                room.submit(bob, text.id, answers=wrong)
        for other in ({"right": 5}, GOOD | {"wit": 5}):
            with pytest.raises(ConflictError) as refused:
                room.submit(bob, text.id, answers=other)
            assert refused.value.reason == "form_changed"

    def test_a_corrected_text_is_due_anew(self, room: Room) -> None:
        """Its earlier reviews are about the version that was shown, and stay their author's."""
        begin(room, 1)
        ann, bob, cleo = people(room, 3)
        [mine] = held(room, ann)[0]
        write(room, ann, mine)
        [early] = held(room, bob)[1]
        reviewed(room, bob, early, POOR)
        room.submit(ann, mine.id, kind="undo", answers={})
        assert held(room, cleo)[1] == []
        write(room, ann, mine, "Thank you, and sorry.")
        [one] = held(room, bob)[1]
        assert one.text.answers == {"reply": "Thank you, and sorry."}
        reviewed(room, bob, one)
        reviewed(room, cleo, held(room, cleo)[1][0])
        assert state(room, ann)["reviews"] == [3, 2250]
        assert status(room) == {"complete": 1}, "the text that stands is good"
        assert sorted((row.wanted, row.taken) for row in rows(room, review, project=room.project)) == [(0, 1), (2, 2)]
        assert findings(room.database) == []

    def test_a_text_taken_back_while_it_is_reviewed(self, room: Room) -> None:
        begin(room, 1)
        ann, bob = people(room, 2)
        [mine] = held(room, ann)[0]
        seq = write(room, ann, mine)
        [text] = held(room, bob)[1]
        room.submit(ann, mine.id, kind="undo", answers={})
        reviewed(room, bob, text)
        assert state(room, ann)["reviews"] == [1, 1000]
        [row] = rows(room, assignment, annotator=bob)
        assert row.subject == seq
        assert findings(room.database) == []

    def test_the_comment_is_kept_with_the_review(self, room: Room) -> None:
        begin(room, 1)
        ann, bob = people(room, 2)
        write(room, ann, held(room, ann)[0][0])
        seq = reviewed(room, bob, held(room, bob)[1][0], comment=" Say sorry. ")
        assert (
            room.read(partial(reviewing.texts, project=room.project, seqs=[seq]))[seq].answers[COMMENT] == "Say sorry."
        )

    def test_the_rubric_is_checked(self, room: Room) -> None:
        begin(room, 1)
        one = {"name": "wit", "question": "Is it witty?"}
        set_quality(room, rubric=[one])
        wrong: list[Any] = [[], [one, one], [one | {"name": COMMENT}], [one | {"question": ""}], [one | {"name": " "}]]
        for rubric in [*wrong, [one | {"low": "x" * 201}], [{"name": "wit"}]]:
            with pytest.raises(InputError) as refused:
                set_quality(room, rubric=rubric)
            assert "quality" in str(refused.value)
        with pytest.raises(InputError, match="review_floor"):
            set_quality(room, review_floor=0.5)


class TestExperts:
    def review_twice(self, room: Room, *scores: Mapping[str, int]) -> int:
        """A text and its reviews. Returns who wrote it."""
        ann, *others = people(room, 1 + len(scores))
        write(room, ann, held(room, ann)[0][0])
        for who, one in zip(others, scores, strict=True):
            reviewed(room, who, held(room, who)[1][0], one)
        return ann

    def test_below_the_floor(self, room: Room) -> None:
        begin(room, 1)
        ann = self.review_twice(room, POOR, POOR | {"right": 3})
        assert status(room) == {"adjudicate": 1}
        [made] = [row for row in rows(room, decision) if row.kind == "adjudicate"]
        said = decode(made.body)
        assert said["why"] == "reviews"
        [text] = said["reviews"]
        assert (text["author"], text["reviews"], text["mean"], text["apart"]) == (ann, 2, (250 + 312) // 2, 250)
        assert findings(room.database) == []

    def test_one_review_of_two_sends_nothing(self, room: Room) -> None:
        begin(room, 1)
        self.review_twice(room, POOR)
        assert status(room) == {"complete": 1}

    def test_reviewers_who_part_widely(self, room: Room) -> None:
        begin(room, 1)
        self.review_twice(room, GOOD, GOOD | {"right": 2})
        assert status(room) == {"adjudicate": 1}

    def test_not_where_nothing_is_adjudicated(self, room: Room) -> None:
        begin(room, 1, adjudicate=False)
        self.review_twice(room, POOR, POOR)
        assert status(room) == {"complete": 1}

    def test_nobody_is_accused(self, room: Room) -> None:
        begin(room, 25)
        ann, bob, cleo = people(room, 3)
        for one in held(room, ann, 25)[0]:
            write(room, ann, one)
        for who in (bob, cleo):
            for one in held(room, who, 25)[1]:
                reviewed(room, who, one, POOR)
        assert status(room) == {"adjudicate": 25}
        assert {row.kind for row in rows(room, decision)} == {"complete", "adjudicate"}
        assert state(room, ann)["reviews"] == [50, 50 * 250]

    def test_what_is_sent_back_waits_for_what_is_new(self, room: Room) -> None:
        begin(room, 1)
        self.review_twice(room, POOR, POOR)
        [one] = rows(room, item, project=room.project)
        room.writer.run(partial(record_asked, room=room, items=[one.id]))
        assert status(room) == {"open": 1}
        [dan] = people(room, 1)
        write(room, dan, held(room, dan)[0][0], "Better.")
        assert status(room) == {"complete": 1}
        assert findings(room.database) == []


class TestAside:
    """What follows when an author's or a reviewer's work is set aside, and the items they had to do with are swept."""

    def fail_gold(self, room: Room, who: int) -> None:
        options = {"database": room.database, "project": room.project}
        golds = room.writer.run(partial(add_gold, answers=["warm"] * 15, question="tone", **options))
        for one in room.writer.run(partial(give, annotator=who, items=golds, **options)):
            room.submit(who, one, answers={"reply": "Yes.", "tone": "cool"})
        assert any(row.kind == "quarantine" for row in rows(room, decision, subject=f"annotator {who}"))
        room.worker.drain()

    def test_an_authors_text_is_due_no_more(self, room: Room) -> None:
        begin(room, 1)
        ann, bob, cleo = people(room, 3)
        write(room, ann, held(room, ann)[0][0])
        reviewed(room, bob, held(room, bob)[1][0])
        self.fail_gold(room, ann)
        assert held(room, cleo)[1] == []
        assert state(room, ann)["reviews"] == [1, 1000], "the review is about the version that was shown"
        assert findings(room.database) == []

    def test_a_reviewers_reviews_count_no_more_and_another_is_asked(self, room: Room) -> None:
        begin(room, 1)
        ann, bob, cleo, dan = people(room, 4)
        write(room, ann, held(room, ann)[0][0])
        reviewed(room, bob, held(room, bob)[1][0], POOR)
        reviewed(room, cleo, held(room, cleo)[1][0])
        assert status(room) == {"adjudicate": 1}
        assert held(room, dan) == ([], [])
        self.fail_gold(room, bob)
        assert state(room, ann)["reviews"] == [1, 1000]
        assert status(room) == {"complete": 1}
        reviewed(room, dan, held(room, dan)[1][0])
        assert state(room, ann)["reviews"] == [2, 2000]
        assert findings(room.database) == []


class TestCheck:
    def prepare(self, room: Room) -> None:
        begin(room, 2)
        ann, bob = people(room, 2)
        for one in held(room, ann)[0]:
            write(room, ann, one)
        reviewed(room, bob, held(room, bob)[1][0])
        assert findings(room.database) == []

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (sa.update(review).values(taken=review.c.taken + 1), "reviews taken"),
            (sa.update(review).values(wanted=review.c.wanted + 1), "is due"),
            (sa.delete(review), "is not stored"),
            (
                sa.update(assignment)
                .where(assignment.c.subject.is_not(None))
                .values(subject=assignment.c.subject + 100),
                "no review of",
            ),
        ],
    )
    def test_what_was_altered_is_found(self, room: Room, change: Any, says: str) -> None:
        self.prepare(room)
        room.writer.run(lambda connection: connection.execute(change))
        assert any(says in one.detail for one in findings(room.database)), findings(room.database)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_people_do(room: Room, clock: Clock, seed: int) -> None:
    """Answers, reviews, skips, undos, lapses and items sent back in any order: the log replays to the same, nobody is
    shown another's answer who may still give their own, and nobody answers who was shown one."""
    draw = Random(seed)
    begin(room, 6, overlap=2, adjudicate=draw.random() < 0.5)
    crew = people(room, 5)
    holds: dict[int, list[Any]] = {who: [] for who in crew}
    done: list[tuple[int, Any]] = []
    for _ in range(120):
        who, act = draw.choice(crew), draw.random()
        if act < 0.35 or not holds[who]:
            holds[who] = list(room.lease(who, draw.choice([1, 2, 4])))
        elif act < 0.75:
            one = holds[who].pop(draw.randrange(len(holds[who])))
            answers = dict.fromkeys(GOOD, draw.randint(1, 5)) if one.text else {"reply": f"Words {draw.random()}."}
            said = attempt(room, who, one.id, answers=answers)
            assert said in ("", "already_answered")
            done += [(who, one)] * (not said)
        elif act < 0.8:
            one = holds[who].pop()
            said = attempt(room, who, one.id, value=None)
            assert said in ("", "already_answered")
            done += [(who, one)] * (not said)
        elif act < 0.9 and done:
            who, one = done.pop(draw.randrange(len(done)))
            assert attempt(room, who, one.id, kind="undo", answers={}) in ("", "seen_others", "nothing_to_undo")
        elif act < 0.95:
            clock.now += draw.choice([5, 31]) * MINUTE
        else:
            [one] = draw.sample(rows(room, item, project=room.project), 1)
            room.writer.run(partial(record_asked, room=room, items=[one.id]))
        check_nobody_saw(room)
    assert findings(room.database) == []


def attempt(room: Room, who: int, of: str, **options: Any) -> str | None:
    """A submit; why it was refused, empty where it was not."""
    try:
        room.submit(who, of, **options)
    except ConflictError as error:
        return error.reason
    return ""


def check_nobody_saw(room: Room) -> None:
    """Of an item whose texts somebody was shown they hold nothing to answer, and may be given nothing."""
    shown = {(row.annotator, row.item) for row in rows(room, assignment, project=room.project, purpose="review")}
    for row in rows(room, assignment, project=room.project):
        if row.purpose != "review" and (row.annotator, row.item) in shown:
            assert row.state in ("done", "skipped"), row
    for who, of in shown:
        assert len(rows(room, assignment, annotator=who, item=of, pass_number=0)) == 1


def test_no_statement_reads_a_table(room: Room) -> None:
    """What is due, left, told and shown is found by indexes, however many texts there are."""
    begin(room, 60, overlap=2)
    ann, bob, cleo = people(room, 3)
    for who in (ann, bob):
        for one in held(room, who, 60)[0]:
            write(room, who, one)
    seen: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:
        seen.setdefault(text, values[0] if many and values else values)

    engines = (room.database._writers, room.database._readers)
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    [row] = rows(room, annotator, id=ann)
    person = room.read(partial(access.person_of, account_id=row.account))
    for one in held(room, cleo)[1][:5]:
        reviewed(room, cleo, one)
        room.submit(cleo, one.id, kind="undo", answers={})
    room.read(partial(reviewing.count, project=room.project, who=ann))
    member_of = access.Member(person, room.project, "annotator")
    room.read(partial(peer_reviews.of_author, mine=member_of))
    room.read(partial(peer_reviews.overview, project_id=room.project))
    for engine in engines:
        sa.event.remove(engine, "before_cursor_execute", note)
    found = {text: values for text, values in seen.items() if "review" in text or "subject" in text}
    assert len(found) > 8
    slow = {}
    with room.database.read() as connection:
        for text, values in found.items():
            if text.startswith(("SELECT", "UPDATE")) and "FROM annotator" not in text:
                lines = plan(connection, text, values)
                if any(reads_whole(line) or re.search(r"(SCAN|Seq Scan on) review", line) for line in lines):
                    slow[text] = lines
    assert slow == {}
