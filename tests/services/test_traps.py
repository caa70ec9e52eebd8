"""Traps made of items: of which, how they are changed, and that nothing else gets them."""

from __future__ import annotations

import io
import json
from typing import Any

import PIL.Image
import pytest
import sqlalchemy as sa

from goldwork.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from goldwork.services import gold, media, traps
from goldwork.services.access import Member
from goldwork.services.check import check
from goldwork.services.gold_items import Entry
from goldwork.services.gold_list import list_gold
from goldwork.services.mirror import mirror
from goldwork.store.schema import annotator_state, assignment, batch, consensus, item
from goldwork.store.schema import gold as table
from tests.core import MINUTE, Clock
from tests.services.conftest import Room

PAIR: dict[str, Any] = {
    "fields": [{"name": name} for name in ("prompt", "a", "b")],
    "questions": [
        {"name": "better", "title": "Better?", "task": {"type": "compare", "fields": ["a", "b"], "strength": 3}},
        {"name": "safer", "title": "Safer?", "task": {"type": "compare", "fields": ["a", "b"]}, "optional": True},
        {"name": "why", "title": "Why?", "task": {"type": "text"}, "optional": True},
    ],
}
BOXES: dict[str, Any] = {
    "fields": [{"name": "photo", "show": "image"}, {"name": "about"}],
    "questions": [
        {"name": "cats", "title": "Mark", "task": {"type": "boxes", "field": "photo", "classes": [{"value": "cat"}]}}
    ],
}


def mine(room: Room, role: Any = "manager") -> Member:
    return Member(room.manager, room.project, role)


def make(room: Room, *entries: Entry, kind: Any = "gold") -> None:
    room.writer.run(lambda connection: gold.add(connection, room.database, mine(room), entries, kind))


def pairs(room: Room, number: int, **answers: list[Any]) -> None:
    """Gold comparisons p0, p1 and so on; the first is better."""
    room.make_project(PAIR)
    rows = "".join(f"p{n},Which {n}?,good {n},poor {n}\n" for n in range(number))
    job = room.import_items("id,prompt,a,b\n" + rows, fields={name: name for name in ("prompt", "a", "b")})
    assert job.state == "done", job.error
    make(room, *(Entry(f"p{n}", {"better": [-2]} | answers) for n in range(number)))


def propose(room: Room, name: str, seed: int = 0) -> traps.Proposal:
    found: traps.Proposal = room.read(traps.propose, mine(room), name, seed)
    return found


def add(room: Room, name: str, seed: int = 0, **more: Any) -> int:
    asked = traps.Making(name, seed, **more)
    ready = room.read(traps.prepare, room.home, mine(room), asked)
    return room.writer.run(lambda connection: traps.add(connection, room.database, mine(room), [ready]))


def draw(room: Room, count: int) -> int:
    ready = room.read(traps.draw, room.home, mine(room), count)
    return room.writer.run(lambda connection: traps.add(connection, room.database, mine(room), ready))


def made(room: Room) -> list[Any]:
    """The traps, with their items."""
    found = sa.select(table, item.c.payload, item.c.wanted, item.c.batch).join(item, item.c.id == table.c.item)
    with room.database.read() as connection:
        return list(connection.execute(found.where(table.c.kind == "trap").order_by(table.c.item)).all())


def id_of(room: Room, name: str) -> int:
    with room.database.read() as connection:
        found = sa.select(item.c.id).where(item.c.project == room.project, item.c.external_id == name)
        return int(connection.execute(found).scalar_one())


def agree(room: Room) -> None:
    with room.database.read() as connection:
        assert list(check(connection)) == []


class TestOfGold:
    def test_responses_trade_places_and_so_does_the_preference(self, room: Room) -> None:
        pairs(room, 2, safer=["second"], why=["It is."])
        found = propose(room, "p1")
        assert (found.found, found.answers["better"], found.right) == (
            "gold", [-2], {"better": [2], "safer": ["first"]},
        )  # fmt: skip
        assert found.changed == {"prompt": "Which 1?", "a": "poor 1", "b": "good 1"}
        assert found.what == "The two have traded places: what was first is second."
        assert found.next == 2, "the text of the third question may be changed"
        assert propose(room, "p1", 2).right == {}
        assert add(room, "p1", answers=found.right) == 1
        [row] = made(room)
        assert json.loads(row.payload) == found.changed
        assert (json.loads(row.answers), row.state, row.wanted) == (found.right, "active", 0)
        assert (row.source, row.reason, bool(row.drawn)) == (id_of(room, "p1"), found.what, False)
        [told] = [one for one in self.page(room) if one.kind == "trap"]
        assert told.source == "p1"
        agree(room)

    def page(self, room: Room) -> list[Any]:
        states: Any = ("draft", "active", "split", "retired")
        return list(room.read(list_gold, mine(room), states, ("gold", "trap", "training"), 0, 50).rows)

    def test_it_is_served_as_an_audit_and_counted_apart(self, room: Room) -> None:
        pairs(room, 3)
        rows = "".join(f"w{n},Which?,one {n},two {n}\n" for n in range(60))
        room.import_items("id,prompt,a,b\n" + rows, fields={name: name for name in ("prompt", "a", "b")}, batch="more")
        room.writer.run(lambda connection: set_audits(connection, room, 6))
        assert draw(room, 10) == 3
        of_traps = {row.item for row in made(room)}
        who = room.add_annotator("Ann")
        purposes: dict[int, str] = {}
        room.database.now = clock = Clock()
        while held := room.lease(who, 7):
            clock.now += 10 * MINUTE
            for one in held:
                with room.database.read() as connection:
                    row = connection.execute(sa.select(assignment).where(assignment.c.id == one.id)).one()
                purposes[row.item] = row.purpose
                room.submit(who, one.id, answers={"better": -1})
        assert of_traps < purposes.keys()
        assert {purposes[one] for one in of_traps} == {"gold"}
        with room.database.read() as connection:
            state = connection.execute(sa.select(annotator_state.c.body)).scalar_one()
        assert json.loads(state)["traps"] == [3, 1500], "it said -1 where 2 is right: half of the scale off"
        assert json.loads(state)["gold"][0] == 3
        agree(room)

    def test_texts_are_changed_word_by_word_and_a_person_says_what_is_right(self, room: Room) -> None:
        job = room.import_items("id,text\nt,The 3 lamps are not on.\nu,nothing\n")
        assert job.state == "done"
        make(room, Entry("t", {"kind": ["a"]}), Entry("u", {"kind": ["a"]}))
        seen, seed = [], 0
        for _ in range(3):
            found = propose(room, "t", seed)
            assert found.right == {}
            seen.append(found.changed["text"])
            assert found.next is not None
            seed = found.next
        assert seen == ["The 3 lamps are on.", "The 4 lamps are not on.", "The 3 lamps are on."]
        with pytest.raises(InputError, match="nothing can be changed"):
            propose(room, "u")
        with pytest.raises(InputError, match="acceptable answer"):
            add(room, "t", answers={})
        assert add(room, "t", answers={"kind": ["b"]}) == 1
        with pytest.raises(InputError, match="such a trap already"):
            add(room, "t", answers={"kind": ["b"]})
        assert add(room, "t", answers={"kind": ["c"]}, texts={"text": "No lamp at all."}, reason="By hand.") == 1
        assert [(json.loads(row.payload)["text"], row.reason) for row in made(room)] == [
            ("The 3 lamps are on.", "“are not” is “are” now."), ("No lamp at all.", "By hand."),
        ]  # fmt: skip
        for texts, words in (({"text": "The 3 lamps are not on."}, "as it was"), ({"other": "x"}, "no text 'other'")):
            with pytest.raises(InputError, match=words):
                add(room, "t", answers={"kind": ["b"]}, texts=texts)
        agree(room)

    def test_one_whose_answer_was_wrong_takes_its_traps_along(self, room: Room) -> None:
        pairs(room, 2)
        draw(room, 2)
        for name, act in (
            ("p0", lambda c, of: gold.decide(c, room.database, mine(room), of, {"better": [3]}, "", "Misread.")),
            ("p1", lambda c, of: gold.retire(c, room.database, mine(room), of, "None is right.", withdraw=True)),
        ):
            of = id_of(room, name)
            room.writer.run(lambda connection, act=act, of=of: act(connection, of))
            assert {row.state for row in made(room) if row.source == of} == {"retired"}
        assert {row.why for row in made(room)} == {"The answer of the item that it was made of was corrected."}
        assert draw(room, 5) == 1, "of the corrected one a new one can be made"
        of = id_of(room, "p0")
        room.writer.run(lambda c: gold.retire(c, room.database, mine(room), of, "Told."))
        assert [row.state for row in made(room) if row.source == of] == ["retired", "active"], "its answer was right"
        agree(room)

    def test_meanwhile_corrected_nothing_is_made(self, room: Room) -> None:
        pairs(room, 1)
        ready = room.read(traps.draw, room.home, mine(room), 1)
        of = id_of(room, "p0")
        room.writer.run(lambda c: gold.decide(c, room.database, mine(room), of, {"better": [3]}, "", "Misread."))
        with pytest.raises(ConflictError, match="meanwhile"):
            room.writer.run(lambda connection: traps.add(connection, room.database, mine(room), ready))
        assert made(room) == []
        agree(room)

    def test_only_certain_ones_are_made_in_bulk_and_one_of_each(self, room: Room) -> None:
        pairs(room, 4)
        assert propose(room, "p0").next is None
        assert draw(room, 3) == 3
        assert draw(room, 3) == 1
        assert draw(room, 3) == 0
        assert len({row.source for row in made(room)}) == 4
        room.make_project()
        room.import_items("id,text\nt,It is on.\n")
        make(room, Entry("t", {"kind": ["a"]}))
        assert draw(room, 3) == 0
        agree(room)


def set_audits(connection: sa.Connection, room: Room, every: int) -> None:
    from goldwork.services.log import Log
    from goldwork.store.schema import project

    log = Log(connection, room.database, room.project)
    policy = {"overlap": 2, "audits": every}
    row = connection.execute(sa.select(project).where(project.c.id == room.project)).one()
    values = {"policy": json.dumps(policy), "policy_version": row.policy_version + 1}
    connection.execute(sa.update(project).where(project.c.id == room.project).values(values))
    log.add("policy", {"policy": policy, "version": row.policy_version + 1, "by": 1})
    log.flush()


class TestOfOthers:
    def test_of_what_nearly_everybody_says(self, room: Room) -> None:
        room.import_items("id,text\nt,It is on.\nu,It is off.\n")
        rows = [
            {"project": room.project, "question": "kind", "item": id_of(room, name), "external_id": name}
            | {"label": '"b"', "confidence": sure, "judgements": 3, "tie": False, "votes": "{}"}
            for name, sure in (("t", 0.97), ("u", 0.6))
        ]
        room.writer.run(lambda connection: connection.execute(sa.insert(consensus), rows))
        found = propose(room, "t")
        assert (found.found, found.confidence, found.answers) == ("consensus", 0.97, {"kind": ["b"]})
        assert add(room, "t", answers={"kind": ["a"]}) == 1
        with pytest.raises(ConflictError, match="not known what is right"):
            propose(room, "u")
        agree(room)

    def test_a_consensus_that_is_no_whole_answer_is_none(self, room: Room) -> None:
        """A comparison with attributes is merged by its overall preference alone."""
        task = {"type": "compare", "fields": ["a", "b"], "attributes": [{"name": "safe"}]}
        question = {"name": "better", "title": "Better?", "task": task}
        room.make_project({"fields": [{"name": "a"}, {"name": "b"}], "questions": [question]})
        room.import_items("id,a,b\nt,One is it.,Two is it.\n", fields={"a": "a", "b": "b"})
        row = {"project": room.project, "question": "better", "item": id_of(room, "t"), "external_id": "t"}
        row |= {"label": '"first"', "confidence": 1.0, "judgements": 3, "tie": False, "votes": "{}"}
        room.writer.run(lambda connection: connection.execute(sa.insert(consensus), row))
        with pytest.raises(InputError, match="nothing can be changed"):
            propose(room, "t")

    def test_of_what_an_expert_settled(self, room: Room) -> None:
        room.import_items("id,text\nt,It is on.\n")
        who = room.add_annotator("Eve")
        held = {"id": "settled", "project": room.project, "item": id_of(room, "t"), "annotator": who, "pass_number": 2}
        held |= {"purpose": "adjudication", "state": "leased", "leased_at": 0, "leased_until": 0}
        room.writer.run(lambda connection: connection.execute(sa.insert(assignment), [held]))
        room.submit(who, "settled", "c")
        found = propose(room, "t")
        assert (found.found, found.answers) == ("settled", {"kind": ["c"]})

    def test_not_of_traps_and_of_what_is_no_more(self, room: Room) -> None:
        room.import_items("id,text\nt,It is on.\nu,It is off.\n")
        make(room, Entry("t", {"kind": ["a"]}), kind="trap")
        make(room, Entry("u", {"kind": ["a"]}))
        room.writer.run(lambda c: gold.retire(c, room.database, mine(room), id_of(room, "u"), "Told."))
        for name in "tu":
            with pytest.raises(ConflictError, match="gold in use"):
                propose(room, name)
        with pytest.raises(NotFoundError):
            propose(room, "nowhere")

    def test_who_annotates_may_not(self, room: Room) -> None:
        pairs(room, 1)
        for call in (
            lambda: room.read(traps.propose, mine(room, "annotator"), "p0", 0),
            lambda: room.read(traps.prepare, room.home, mine(room, "annotator"), traps.Making("p0", 0, {})),
            lambda: room.read(traps.draw, room.home, mine(room, "annotator"), 1),
        ):
            with pytest.raises(ForbiddenError):
                call()


def picture(kind: str, *, turn: int = 1, mode: str = "RGB") -> bytes:
    """60 x 40 with a white corner at the left, as it is seen."""
    image = PIL.Image.new("RGB", (60, 40))
    image.paste("white", (0, 0, 20, 10))
    image = image.convert(mode)
    exif = PIL.Image.Exif()
    if turn == 6:  # stored lying, to be turned a quarter to the right
        image = image.transpose(PIL.Image.Transpose.ROTATE_90)
        exif[0x0112] = 6
    stream = io.BytesIO()
    image.save(stream, kind, **({"exif": exif} if turn != 1 else {}))
    return stream.getvalue()


class TestMirrors:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
    def test_left_is_right(self, kind: str) -> None:
        for mode in ("RGB", "L", "P") if kind in ("PNG", "GIF") else ("RGB", "L") if kind == "JPEG" else ("RGB",):
            image = PIL.Image.open(io.BytesIO(mirror(picture(kind, mode=mode))))
            assert (image.format, image.size) == (kind, (60, 40))
            seen = image.convert("L")
            assert seen.getpixel((5, 5)) < 20  # type: ignore[operator]
            assert seen.getpixel((55, 5)) > 235  # type: ignore[operator]

    def test_as_it_is_seen_not_as_it_is_stored(self) -> None:
        data = mirror(picture("JPEG", turn=6))
        medium = media.check(data)
        assert (medium.width, medium.height) == (60, 40)
        image = PIL.Image.open(io.BytesIO(data))
        assert "exif" not in image.info
        assert image.convert("L").getpixel((55, 5)) > 235  # type: ignore[operator]

    def test_what_moves_is_refused(self) -> None:
        stream = io.BytesIO()
        frames = [PIL.Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
        frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
        with pytest.raises(InputError, match="moves"):
            mirror(stream.getvalue())

    def test_boxes_go_with_their_picture(self, room: Room) -> None:
        room.make_project(BOXES)
        data = picture("PNG")
        room.writer.run(lambda c: media.add(room.database, room.home, c, room.project, "one.png", data))
        job = room.import_items("id,photo,about\nb0,one.png,A cat.\n", fields={"photo": "photo", "about": "about"})
        assert job.state == "done", job.error
        box = {"x": 0, "y": 0, "width": 20, "height": 10, "label": "cat"}
        make(room, Entry("b0", {"cats": [[box]]}))
        found = propose(room, "b0")
        assert found.mirrored == ["photo"]
        assert found.changed == found.fields, "nothing is written by looking"
        assert draw(room, 1) == 1
        [row] = made(room)
        assert json.loads(row.answers) == {"cats": [[box | {"x": 40}]]}
        held = json.loads(row.payload)["photo"]
        assert held != found.fields["photo"]
        medium = room.read(media.find, room.project, held)
        assert (medium.type, medium.width, medium.height) == ("image/png", 60, 40)
        with room.database.read() as connection:
            of = sa.select(batch.c.id).where(batch.c.id == row.batch)
            assert connection.execute(of).scalar_one() == row.batch
            assert media.names(connection, room.project, [held]) == {}, "it was never called anything"
        assert mirror(room.home.media_file(held).read_bytes()) != b""
        agree(room)
