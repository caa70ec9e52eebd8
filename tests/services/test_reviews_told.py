"""What reviews say: to the author in lots, to the manager over all texts, to the expert, and in an export."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from goldwork.services import access, adjudicate, export, mine, notice, oversight, peer_reviews, reviewing
from goldwork.store.schema import annotator, submit
from tests.services.conftest import Room
from tests.services.test_reviews import GOOD, POOR, begin, held, people, reviewed, rows, set_quality, write


def as_member(room: Room, who: int) -> access.Member:
    """Somebody who has accepted the notice."""
    [row] = rows(room, annotator, id=who)
    person = room.read(partial(access.person_of, account_id=row.account))
    person = msgspec.structs.replace(person, notice_version=notice.VERSION)
    return room.read(partial(access.find_member, person=person, project_id=room.project))  # type: ignore[no-any-return]


class TestAuthors:
    """What an author is told, and when."""

    def told(self, room: Room, who: int) -> Any:
        return room.read(partial(peer_reviews.of_author, mine=as_member(room, who)))

    def test_in_lots_of_five_reviews_of_three_texts(self, room: Room) -> None:
        begin(room, 4, reviews=5)
        ann, *others = people(room, 6)
        for one in held(room, ann)[0]:
            write(room, ann, one)
        first, second, third = (held(room, who)[1] for who in others[:3])
        for who, texts in ((others[0], first[:2]), (others[1], second[:2]), (others[2], third[:2])):
            for text in texts:
                reviewed(room, who, text, GOOD | {"clear": 3}, comment=f"From {who}.")
        assert self.told(room, ann) is None, "six reviews, of two texts"
        reviewed(room, others[0], first[2], comment="A third text.")
        told = self.told(room, ann)
        assert (told.texts, told.reviews) == (3, 7)
        assert {one.name: one.mean.value for one in told.criteria} == {
            "right": 5, "complete": 5, "guideline": 5, "clear": pytest.approx((3 + 3 + 5) / 3, abs=0.001),
        }  # fmt: skip
        clear = next(one.mean for one in told.criteria if one.name == "clear")
        assert clear.low < 11 / 3 < clear.high == 5
        assert told.comments == sorted(told.comments)
        assert len(told.comments) == 7
        reviewed(room, others[1], second[2], POOR)
        assert self.told(room, ann) == told, "the next lot is not full"

    def test_it_names_nobody(self, room: Room) -> None:
        begin(room, 6)
        ann, bob, cleo = people(room, 3)
        for one in held(room, ann)[0]:
            write(room, ann, one)
        for who in (bob, cleo):
            for text in held(room, who)[1]:
                reviewed(room, who, text)
        said = msgspec.json.encode(self.told(room, ann)).decode()
        names = {row.pseudonym for row in rows(room, annotator)} - {""}
        assert not any(name in said for name in names)

    def test_lots_are_about_what_the_project_asks_now(self, room: Room) -> None:
        begin(room, 6)
        ann, bob = people(room, 2)
        for one in held(room, ann)[0]:
            write(room, ann, one)
        for text in held(room, bob)[1]:
            reviewed(room, bob, text)
        set_quality(room, rubric=[{"name": "wit", "question": "Is it witty?"}])
        [one] = self.told(room, ann).criteria
        assert (one.name, one.mean.value) == ("wit", None)

    def test_the_interval_covers_what_it_is_about(self) -> None:
        """Means of texts around 3 with a spread of 1, as reviewers' means are on the average: 95 of 100 intervals."""
        draw, covered = random.Random(5), 0
        for _ in range(2000):
            made = peer_reviews._mean([min(5, max(1, draw.gauss(3, 0.7))) for _ in range(8)])
            assert made.low is not None
            assert made.high is not None
            covered += made.low <= 3 <= made.high
        assert 0.935 < covered / 2000 < 0.965


class TestManagers:
    def prepare(self, room: Room) -> tuple[int, ...]:
        begin(room, 6)
        ann, bob, cleo = people(room, 3)
        for one in held(room, ann)[0]:
            write(room, ann, one)
        for number, (one, other) in enumerate(zip(held(room, bob)[1], held(room, cleo)[1], strict=True)):
            scores = GOOD if number % 2 else POOR
            reviewed(room, bob, one, scores, comment="Well.")
            if number < 5:
                reviewed(room, cleo, other, scores | {"clear": 4})
        return ann, bob, cleo

    def test_the_overview(self, room: Room) -> None:
        self.prepare(room)
        found = room.read(partial(peer_reviews.overview, project_id=room.project))
        assert (found.texts, found.reviews, found.missing) == (6, 11, 0)
        assert {one.name: one.mean.value for one in found.criteria}["right"] == 3.5
        assert 0.8 < found.agreement.value < 1
        assert found.agreement.items == 5
        seen = room.read(partial(oversight.oversee, database=room.database, project_id=room.project))
        assert seen.reviews == found

    def test_what_is_due_is_told_before_there_are_any(self, room: Room) -> None:
        begin(room, 1)
        assert room.read(partial(peer_reviews.overview, project_id=room.project)) is None
        [ann] = people(room, 1)
        write(room, ann, held(room, ann)[0][0])
        found = room.read(partial(peer_reviews.overview, project_id=room.project))
        assert (found.texts, found.reviews, found.missing, found.agreement.value) == (0, 0, 2, None)

    def test_the_export(self, room: Room, tmp_path: Path) -> None:
        ann, bob, cleo = self.prepare(room)
        path = tmp_path / "reviews.jsonl"
        assert export.write(room.database, room.project, "reviews", path) == 11 * 4 + 6
        found = [msgspec.json.decode(line) for line in path.read_text().splitlines()]
        names = {row.id: row.pseudonym for row in rows(room, annotator)}
        assert {row["author"] for row in found} == {names[ann]}
        assert {row["reviewer"] for row in found} == {names[bob], names[cleo]}
        texts = {row.seq for row in rows(room, submit, annotator=ann, project=room.project)}
        assert {row["text"] for row in found} == texts
        first = [row for row in found if row["text"] == min(texts) and row["reviewer"] == names[bob]]
        assert {row["criterion"]: row["value"] for row in first} == POOR | {"comment": "Well."}

    def test_judgements_are_exported_without_them(self, room: Room, tmp_path: Path) -> None:
        self.prepare(room)
        path = tmp_path / "judgements.jsonl"
        assert export.write(room.database, room.project, "judgements", path) == 6
        assert {msgspec.json.decode(line)["question"] for line in path.read_text().splitlines()} == {"reply"}

    def test_more_reviews_than_a_page(self, room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(export, "PAGE", 4)
        self.prepare(room)
        assert export.write(room.database, room.project, "judgements", tmp_path / "judgements.csv") == 6
        assert export.write(room.database, room.project, "reviews", tmp_path / "reviews.csv") == 50

    def test_the_expert_sees_text_and_reviews(self, room: Room) -> None:
        begin(room, 1)
        ann, bob, cleo = people(room, 3)
        write(room, ann, held(room, ann)[0][0])
        reviewed(room, bob, held(room, bob)[1][0], POOR, comment="Says nothing.")
        reviewed(room, cleo, held(room, cleo)[1][0], POOR)
        boss = room.read(partial(access.find_member, person=room.manager, project_id=room.project))
        opened = room.writer.run(
            partial(adjudicate.open_cases, database=room.database, collector=room.collector, mine=boss, count=1)
        )
        [case] = opened.cases
        [opinion] = case.answers
        names = {row.id: row.pseudonym for row in rows(room, annotator)}
        assert [(one.pseudonym, one.scores, one.comment) for one in opinion.reviews] == [
            (names[bob], POOR, "Says nothing."),
            (names[cleo], POOR, ""),
        ]
        assert not case.blind
        assert [one.name for one in opened.rubric] == list(GOOD)

    def test_an_expert_who_knows_who_wrote_does_not_review(self, room: Room) -> None:
        begin(room, 1, overlap=2, reviews=1)
        ann, bob, cleo = people(room, 3)
        for who in (ann, bob):
            write(room, who, held(room, who)[0][0])
        reviewed(room, cleo, held(room, cleo)[1][0], POOR)
        boss = room.read(partial(access.find_member, person=room.manager, project_id=room.project))
        due = partial(reviewing.count, project=room.project, who=room.manager.annotator)
        assert room.read(due) == 1
        opened = partial(adjudicate.open_cases, database=room.database, collector=room.collector, mine=boss, count=1)
        assert len(room.writer.run(opened).cases) == 1
        assert room.read(due) == 0

    def test_reviews_are_paid_work(self, room: Room) -> None:
        _, bob, _ = self.prepare(room)
        work = room.read(partial(mine.describe, mine=as_member(room, bob), now=room.read(room.database.now)))
        assert (work.ledger.answers, work.ledger.reviews, work.judged) == (6, 6, 6)
        seen = room.read(partial(oversight.oversee, database=room.database, project_id=room.project))
        assert seen.cost.judgements == 6 + 11

    def test_how_much_is_left(self, room: Room) -> None:
        begin(room, 2)
        ann, bob = people(room, 2)
        for one in held(room, ann)[0]:
            write(room, ann, one)
        left = partial(mine.count_left, mine=as_member(room, bob))
        assert room.read(left) == 2
        texts = held(room, bob)[1]
        assert room.read(left) == 2
        reviewed(room, bob, texts[0])
        assert room.read(left) == 1

    def test_none_are_given_once_they_are_switched_off(self, room: Room) -> None:
        begin(room, 2)
        ann, bob = people(room, 2)
        for one in held(room, ann)[0]:
            write(room, ann, one)
        set_quality(room, review=0.0)
        assert held(room, bob) == ([], [])
        assert room.read(partial(mine.count_left, mine=as_member(room, bob))) == 0
        assert room.read(partial(peer_reviews.overview, project_id=room.project)) is None
        set_quality(room, review=1.0)
        assert len(held(room, bob)[1]) == 2
