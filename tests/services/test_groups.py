"""What people say of themselves, and the groups' figures made of it, on both databases."""

from __future__ import annotations

import ast
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import goldwork
from goldwork.bias.privacy import LEAST_SHOWN
from goldwork.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from goldwork.services import access, accounts, attributes, export, groups, members
from goldwork.services.check import check
from goldwork.services.groups import GroupFigures
from goldwork.store.schema import annotator, attribute, attribute_answer, event, snapshot
from tests.services.conftest import Room

REGION = {
    "name": "Region",
    "question": "Where did you grow up?",
    "options": ["north", "south", "east"],
    "why": "To see whether words sound ruder in one place than in another.",
}
ITEMS = 6


def member_of(room: Room, annotator_id: int, role: access.Role = "annotator") -> access.Member:
    def find(connection: sa.Connection) -> access.Member:
        of = connection.execute(sa.select(annotator.c.account).where(annotator.c.id == annotator_id)).scalar_one()
        return access.Member(access.person_of(connection, of), room.project, role)

    found: access.Member = room.read(find)
    return found


def boss(room: Room) -> access.Member:
    return access.Member(room.manager, room.project, "manager")


def define(room: Room, **other: Any) -> int:
    return room.writer.run(lambda connection: attributes.define(connection, boss(room), 1, **(REGION | other))).id


def say(room: Room, who: int, of: int, value: str, now: int = 1) -> None:
    mine = member_of(room, who)
    room.writer.run(lambda connection: attributes.answer(connection, room.database, mine, of, value, now))


def take_back(room: Room, who: int, of: int) -> None:
    mine = member_of(room, who)
    room.writer.run(lambda connection: attributes.take_back(connection, mine, of))


def compare(room: Room) -> GroupFigures:
    room.writer.run(partial(groups.start, database=room.database, project_id=room.project))
    room.worker.drain()
    made: GroupFigures = room.read(groups.figures, room.project)
    return made


def crowd(room: Room, sizes: dict[str, int], *, unsaid: int = 0) -> tuple[int, dict[str, list[int]]]:
    """People of regions who judged everything; the north says b to the first item and, one time in four, else."""
    room.make_project(overlap=sum(sizes.values()) + unsaid)
    of = define(room)
    room.add_items(ITEMS)
    found: dict[str, list[int]] = {}
    for region, size in {**sizes, "": unsaid}.items():
        for number in range(size):
            who = room.add_annotator(f"{region} {number}")
            found.setdefault(region, []).append(who)
            if region:
                say(room, who, of, region)

            def answer(payload: str, number: int = number, region: str = region) -> str:
                item = int(json.loads(payload)["text"].split()[1])
                b = number % 8 != 7 if region == "north" and item == 0 else (number + item) % 4 == 0
                return "b" if b else "a"

            room.judge(who, answer)
    return of, found


class TestAttributes:
    def test_defined_answered_taken_back(self, room: Room) -> None:
        of, who = define(room), room.add_annotator("Ann")
        mine = member_of(room, who)
        [asked] = room.read(attributes.asked, mine)
        assert (asked.name, asked.options, asked.mine, asked.since) == ("Region", REGION["options"], None, None)
        say(room, who, of, "north", now=5)
        [asked] = room.read(attributes.asked, mine)
        assert (asked.mine, asked.since) == ("north", 5)
        say(room, who, of, "south", now=7)
        [asked] = room.read(attributes.asked, mine)
        assert (asked.mine, asked.since) == ("south", 7)
        [other] = room.read(attributes.asked, member_of(room, room.add_annotator("Bob")))
        assert other.mine is None
        take_back(room, who, of)
        take_back(room, who, of)
        assert room.read(attributes.asked, mine)[0].mine is None
        assert room.read(lambda c: c.execute(sa.select(attribute_answer)).all()) == []

    def test_refusals(self, room: Room) -> None:
        of, who = define(room), room.add_annotator("Ann")
        with pytest.raises(InputError, match="must be one of north, south, east"):
            say(room, who, of, "west")
        with pytest.raises(NotFoundError):
            say(room, who, of + 99, "north")
        with pytest.raises(ConflictError, match="already"):
            define(room)
        with pytest.raises(InputError, match="2 to 20 different"):
            define(room, name="Other", options=["one", "one"])
        with pytest.raises(InputError, match="why"):
            define(room, name="Other", why=" ")
        with pytest.raises(ForbiddenError):
            room.writer.run(lambda c: attributes.define(c, member_of(room, who), 1, **REGION))
        for number in range(attributes.MOST - 1):
            define(room, name=f"More {number}")
        with pytest.raises(InputError, match="at most 10"):
            define(room, name="One too many")

    def test_another_project_s_is_not_there(self, room: Room) -> None:
        of, who = define(room), room.add_annotator("Ann")
        room.make_project()
        with pytest.raises(NotFoundError):
            say(room, who, of, "north")
        with pytest.raises(NotFoundError):
            room.writer.run(lambda c: attributes.remove(c, boss(room), of))

    @pytest.mark.parametrize("how", ["erase", "leave", "remove"])
    def test_it_goes_with_the_person_and_with_the_attribute(self, room: Room, how: str) -> None:
        of, found = crowd(room, {"north": 6, "south": 6})
        assert compare(room).attributes
        who = found["north"][0]
        person = member_of(room, who).person

        def change(connection: sa.Connection) -> None:
            if how == "erase":
                accounts.erase(connection, person.account)
            elif how == "leave":
                members.remove(connection, room.database, boss(room), person.account)
            else:
                attributes.remove(connection, boss(room), of)

        room.writer.run(change)
        left = room.read(lambda c: c.execute(sa.select(attribute_answer.c.annotator)).scalars().all())
        assert who not in left
        assert len(left) == (0 if how == "remove" else 11)
        figures = room.read(groups.figures, room.project)
        assert figures.attributes == []
        assert figures.taken_back
        if how == "remove":
            assert room.read(lambda c: c.execute(sa.select(attribute)).all()) == []
        assert room.read(lambda c: list(check(c))) == []

    def test_the_log_knows_nothing_of_it(self, room: Room) -> None:
        of, who = define(room), room.add_annotator("Ann")
        say(room, who, of, "north")
        take_back(room, who, of)
        bodies = room.read(lambda c: c.execute(sa.select(event.c.body)).scalars().all())
        assert bodies
        assert not any("north" in body or "Region" in body for body in bodies)

    def test_nothing_else_reads_it(self) -> None:
        """No score can use what people say of themselves: the table's name stands in these files alone."""
        source = Path(goldwork.__file__).parent
        named = set()
        for path in source.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (isinstance(node, ast.Name) and node.id == "attribute_answer") or (
                    isinstance(node, ast.alias) and node.name == "attribute_answer"
                ):
                    named.add(path.relative_to(source).as_posix())
        assert named == {"store/schema.py", "services/attributes.py"}
        readers = {
            path.relative_to(source).as_posix()
            for path in source.rglob("*.py")
            if "attributes.answers(" in path.read_text(encoding="utf-8")
        }
        assert readers == {"services/groups.py", "services/between.py"}


class TestFigures:
    def test_they_say_what_differs(self, room: Room) -> None:
        crowd(room, {"north": 12, "south": 12})
        [found] = compare(room).attributes
        assert found.name == "Region"
        [asked] = found.questions
        assert [(one.group, one.people) for one in asked.groups] == [("north", 12), ("south", 12)]
        assert {one.label for one in asked.classes} == {"Apple", "b"}
        assert asked.tested[0] == 2
        first = asked.items[0]
        assert first.fields["text"] == "text 0"
        assert first.named
        assert [one.group for one in first.groups] == ["north", "south"]
        north = next(share for share in first.groups[0].shares if share.value == "b")
        assert north.share == pytest.approx(0.9)
        assert north.low is not None
        assert "Apple" in next(one.sentence for one in asked.classes if one.value == "a")

    def test_nothing_small_is_told_and_no_name(self, room: Room) -> None:
        _, found = crowd(room, {"north": 12, "south": 8, "east": 4}, unsaid=2)
        made = compare(room)
        [asked] = made.attributes[0].questions
        assert [(one.group, one.people) for one in asked.groups] == [("north", 12), ("south", 8)]
        assert asked.hidden == 6 >= LEAST_SHOWN
        assert all(one.p_value is None for one in asked.classes)
        said = json.dumps(room.read(lambda c: c.execute(sa.select(snapshot.c.body)).scalars().all()))
        assert "east" not in said
        names = room.read(lambda c: c.execute(sa.select(annotator.c.pseudonym)).scalars().all())
        assert not any(name in said for name in names)
        assert not any(f'"annotator": {who}' in said for group in found.values() for who in group)

    def test_once_a_day_and_at_once_while_they_show_nothing(self, room: Room) -> None:
        of, _ = crowd(room, {"north": 4, "south": 6})
        made = compare(room)
        assert made.attributes[0].questions[0].groups == []
        assert made.next_at is None
        say(room, room.add_annotator("new"), of, "north")
        made = compare(room)  # the new one has judged nothing
        assert made.next_at is None
        late = room.add_annotator("late")
        say(room, late, of, "north")
        room.writer.run(lambda c: c.execute(sa.update(snapshot).values(body="{}")))
        with pytest.raises(ConflictError, match="less than a day ago"):
            compare(room)
        room.writer.run(
            lambda c: c.execute(sa.update(snapshot).values(computed_at=snapshot.c.computed_at - groups.DAY))
        )
        assert compare(room).computed_at

    def test_taking_back_empties_them_and_they_cannot_be_held_against_new_ones(self, room: Room) -> None:
        of, found = crowd(room, {"north": 6, "south": 6})
        assert compare(room).attributes
        take_back(room, found["south"][0], of)
        made = room.read(groups.figures, room.project)
        assert (made.attributes, made.taken_back) == ([], True)
        assert made.next_at == made.computed_at + groups.DAY
        with pytest.raises(ConflictError) as refused:
            compare(room)
        assert refused.value.reason == "too_soon"

    def test_an_answer_taken_back_meanwhile_is_in_no_figure(self, room: Room) -> None:
        of, found = crowd(room, {"north": 6, "south": 6})
        room.writer.run(partial(groups.start, database=room.database, project_id=room.project))
        assert room.worker.step()  # the answers are read
        take_back(room, found["south"][0], of)
        room.worker.drain()
        made = room.read(groups.figures, room.project)
        assert (made.attributes, made.taken_back) == ([], True)

    def test_one_at_a_time(self, room: Room) -> None:
        crowd(room, {"north": 6, "south": 6})
        started = [
            room.writer.run(partial(groups.start, database=room.database, project_id=room.project)) for _ in range(2)
        ]
        assert started[0].id == started[1].id
        room.worker.drain()

    def test_before_anybody_asked(self, room: Room) -> None:
        made = room.read(groups.figures, room.project)
        assert (made.attributes, made.computed_at, made.next_at, made.taken_back) == ([], None, None, False)
        assert compare(room).attributes == []


class TestExport:
    def test_soft_labels_without_anybody(self, room: Room, tmp_path: Path) -> None:
        of, _ = crowd(room, {"north": 12, "south": 12})
        path = tmp_path / "groups.jsonl"
        with pytest.raises(ConflictError, match="Compare the groups first"):
            export.write(room.database, room.project, "groups", path)
        compare(room)
        late = room.add_annotator("late")
        say(room, late, of, "south", now=2**50)  # is not in the file: it was said after the figures
        rows = export.write(room.database, room.project, "groups", path)
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert len(lines) == rows
        assert set(lines[0]) == set(groups.COLUMNS)
        assert {line["group"] for line in lines} == {"north", "south"}
        b = next(line for line in lines if (line["item"], line["group"], line["label"]) == ("i0", "north", "b"))
        assert b["share"] == pytest.approx(0.9)
        names = room.read(lambda c: c.execute(sa.select(annotator.c.pseudonym)).scalars().all())
        assert not any(name in path.read_text(encoding="utf-8") for name in names)

    def test_no_other_export_carries_them(self, room: Room, tmp_path: Path) -> None:
        crowd(room, {"north": 6, "south": 6})
        compare(room)
        for what in ("judgements", "consensus", "items"):
            path = tmp_path / f"{what}.jsonl"
            export.write(room.database, room.project, what, path)  # type: ignore[arg-type]
            assert "north" not in path.read_text(encoding="utf-8")

    def test_the_job_says_what_is_missing(self, room: Room) -> None:
        asked = export.Request("groups")
        made = room.writer.run(lambda c: export.start(c, room.database, room.project, asked))
        room.worker.drain()
        job = room.job(made.id)
        assert job.state == "failed"
        assert job.error is not None
        assert "Compare the groups first" in job.error.message
