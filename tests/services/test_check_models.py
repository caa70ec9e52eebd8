"""check over what models made: silent over a whole turn of the circle, and not over anything in it that was altered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from goldwork.quality.policy import Policy
from goldwork.services import check as check_module
from goldwork.services.blind import Pair
from goldwork.services.check import check
from goldwork.services.improve import Choice
from goldwork.services.packed import pack, unpack
from goldwork.store.schema import (
    annotator,
    blind,
    candidates,
    chosen,
    item,
    model,
    project,
    reward_model,
    second_look,
    submit,
)
from tests.services.conftest import Room
from tests.services.test_adjudicate import set_policy
from tests.services.test_blind import compare, judge, ready
from tests.services.test_learning import WORDS
from tests.services.test_suspects import Listed, listed  # noqa: F401

Change = Callable[[sa.Connection], object]


def found(room: Room, change: Change) -> set[str]:
    """What check says while something is altered."""
    with room.database.connect() as connection, connection.begin() as transaction:
        change(connection)
        said = {finding.what for finding in check(connection)}
        transaction.rollback()
    return said


def altered(table: sa.Table, **values: Any) -> Change:
    return lambda connection: connection.execute(sa.update(table).values(values))


def rewritten(table: sa.Table, kind: Any, change: Callable[[Any], Any]) -> Change:
    """The packed content, changed."""

    def work(connection: sa.Connection) -> None:
        content = connection.execute(sa.select(table.c.content)).scalars().first()
        connection.execute(sa.update(table).values(content=pack(change(unpack(content, kind)))))

    return work


def retold(**values: Any) -> Change:
    """A policy's own account, changed."""

    def work(connection: sa.Connection) -> None:
        told = msgspec.json.decode(connection.execute(sa.select(chosen.c.body)).scalar_one())
        connection.execute(sa.update(chosen).values(body=msgspec.json.encode(told | values).decode()))

    return work


def swapped(pairs: list[Pair]) -> list[Pair]:
    other = {"one": "two", "two": "one"}
    return [msgspec.structs.replace(pairs[0], field=other[pairs[0].field]), *pairs[1:]]


def judged_by_a_teacher(connection: sa.Connection) -> None:
    """Somebody who taught the model has judged in the comparison."""
    mine = sa.select(sa.func.min(submit.c.annotator)).where(
        submit.c.project == sa.select(blind.c.parent).scalar_subquery(), submit.c.kind == "answer"
    )
    of = submit.c.project == sa.select(blind.c.project).scalar_subquery()
    connection.execute(sa.update(submit).where(of).values(annotator=mine.scalar_subquery()))


CIRCLE: dict[str, tuple[Change, str]] = {
    "a reward model of the future": (altered(reward_model, through_seq=10**6), "reward model"),
    "a reward model's evaluation": (altered(reward_model, body='{"verdict": "good"}'), "reward model"),
    "a reward model's evaluation, no JSON": (altered(reward_model, body="x"), "reward model"),
    "a reward model that is no model": (altered(reward_model, content=b"x"), "reward model"),
    "candidates that are one too many": (altered(candidates, responses=121), "candidates"),
    "candidates that are not packed": (altered(candidates, content=b"x"), "candidates"),
    "candidates of another kind": (altered(candidates, content=pack([1, 2])), "candidates"),
    "candidates before the first": (altered(candidates, version=2), "candidates"),
    "a policy before the first": (altered(chosen, version=3), "policy"),
    "a policy's choices, no choices": (altered(chosen, content=pack({})), "policy"),
    "a policy's choices, cut": (altered(chosen, content=pack([])[:-4]), "policy"),
    "a policy's account": (altered(chosen, body="{}"), "policy"),
    "a policy's account of its model": (retold(model=2), "policy"),
    "a policy's account of how many differ": (retold(differ=1), "policy"),
    "a policy against itself": (retold(against=1), "policy"),
    "a policy of candidates that are not there": (retold(candidates=2), "policy"),
    "a policy that says something else": (
        rewritten(chosen, list[Choice], lambda made: [msgspec.structs.replace(one, new="x") for one in made]), "blind",
    ),
    "a comparison of no policy": (altered(blind, policy=9), "blind"),
    "a comparison with itself": (altered(blind, parent=sa.literal_column("project")), "blind"),
    "a comparison of what is learned later": (altered(blind, through_seq=3), "blind"),
    "lots that cannot be read": (altered(blind, content=b"x"), "blind"),
    "a lot that says the other side": (rewritten(blind, list[Pair], swapped), "blind"),
    "a lot of no side": (
        rewritten(blind, list[Pair], lambda made: [msgspec.structs.replace(one, field="x") for one in made]), "blind",
    ),
    "an item that shows something else": (
        lambda connection: connection.execute(
            sa.update(item)
            .where(item.c.project == sa.select(blind.c.project).scalar_subquery())
            .values(payload='{"prompt": "p", "one": "a", "two": "b"}')
        ),
        "blind",
    ),
    "a voter who taught the model": (judged_by_a_teacher, "blind"),
    "a rank where no model orders": (altered(item, rank=-1), "rank"),
}  # fmt: skip


def test_a_turn_of_the_circle(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(room)
    job = compare(room)
    assert job.result is not None
    room.project = job.result["project"]
    assert judge(room, room.add_annotator("Ann"), lambda _: "first") == 8
    with room.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(annotator)).scalar_one() > 3
        assert list(check(connection)) == []
    monkeypatch.setattr(check_module, "_check_database", lambda _: [])
    missed = {what: said for what, (change, said) in CIRCLE.items() if said not in found(room, change)}
    assert missed == {}


LOOP: dict[str, tuple[Change, str]] = {
    "a model of the future": (altered(model, through_seq=10**6), "model"),
    "a model before the first": (altered(model, version=2), "model"),
    "a model's account": (altered(model, body="{}"), "model"),
    "a model that is none": (altered(model, content=b"x"), "model"),
    "what it said, of nothing": (altered(model, said=b"x"), "model"),
    "a look at no item": (altered(second_look, item=10**6), "second look"),
    "a look of the future": (altered(second_look, seq=10**6), "second look"),
    "a rank after the rest": (altered(item, rank=1), "rank"),
    "a strategy that asks no model": (
        altered(project, policy=msgspec.json.encode(Policy(overlap=3, lease_ms=1)).decode()), "rank",
    ),
}  # fmt: skip


def test_a_model_in_the_loop(listed: Listed, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    from goldwork.services.second_looks import Look

    room = listed.room
    listed.look(Look(listed.read().suspects[0].external_id, "dismissed"))
    set_policy(room, overlap=3, strategy="margin", slice=1000)
    words = [f"n{n},{WORDS['abc'[n % 3]][n % 6]} {n}" for n in range(60)]
    assert room.import_items("id,text\n" + "\n".join(words) + "\n", batch="more").state == "done"
    listed.learn()
    with room.database.read() as connection:
        assert connection.execute(sa.select(sa.func.min(item.c.rank))).scalar_one() < -1
        assert connection.execute(sa.select(model.c.version)).scalars().all() == [1, 2]
        assert list(check(connection)) == []
    with room.database.write() as connection:
        connection.execute(sa.delete(model).where(model.c.version == 2))
    monkeypatch.setattr(check_module, "_check_database", lambda _: [])
    missed = {what: said for what, (change, said) in LOOP.items() if said not in found(room, change)}
    assert missed == {}
