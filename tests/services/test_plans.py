"""No hot statement reads a table: what one judgement costs does not grow with the project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.services import blinding
from goldwork.store.database import Database
from goldwork.store.schema import metadata
from tests.core import Core

LARGE = {"item", "assignment", "submit", "judgement", "event", "decision", "annotator", "annotator_state", "consensus"}
LARGE |= {"gold", "placement"}
ITEMS = 4000


@pytest.fixture
def core(database: Database) -> Iterator[Core]:
    """A project with some thousand rows in every table that grows, of which one person made most."""
    if database.dialect == "sqlite":

        @sa.event.listens_for(database._writers, "connect")
        def hurry(raw: Any, _record: Any) -> None:
            raw.execute("PRAGMA synchronous = OFF")

    made = Core.make(database, items=ITEMS, overlap=2)
    items, model = sorted(made.items()), made.add_model()
    for begin in range(0, ITEMS, 500):
        made.predict(model, items[begin : begin + 500])
    made.set_policy(2, suggestions="bert", hidden=5000, audits=3)
    made.add_gold(1000, strata=["q=a", "q=b", "q=c"])
    made.add_gold(500, kind="trap")
    people = made.annotators(300)
    lone, *others = people
    with database.write() as connection:
        for _ in range(ITEMS // 400):
            judge(made, connection, [lone], 200)
        judge(made, connection, others, 3)
    yield made
    made.close()


def judge(core: Core, connection: sa.Connection, people: list[int], count: int) -> None:
    leases = core.assigner.lease_many(connection, [core.want(who, count) for who in people])
    sent = [
        core.asked(who, held.id)
        for who, leased in zip(people, leases, strict=True)
        for held in getattr(leased, "assignments", [])
    ]
    for begin in range(0, len(sent), 250):
        core.collector.submit_many(connection, sent[begin : begin + 250])


def statements(core: Core) -> dict[str, Any]:
    """Every statement of leases, submits, skips, undos and openings, with parameters, for groups of one and of many."""
    seen: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:
        seen.setdefault(text, values[0] if many and values else values)

    people = [row.id for row in core.rows(metadata.tables["annotator"], kind="human")]
    engine = core.database._writers
    sa.event.listen(engine, "before_cursor_execute", note)
    with core.database.write() as connection:
        for group in (people[:1], people[1:2], people[2:60]):
            # Held, given, judged, taken back, skipped: by one, and by many together.
            leases = core.assigner.lease_many(connection, [core.want(who, 5) for who in group])
            held = [(who, leased.assignments[0].id) for who, leased in zip(group, leases, strict=True)]  # type: ignore[union-attr]
            for kind in ("answer", "undo", "skip", "undo"):
                core.collector.submit_many(connection, [core.asked(who, of, kind) for who, of in held])
            core.assigner.lease_many(connection, [core.want(who, 6) for who in group])
    core.assigner.stands.clear()
    core.lease(people[0])
    of = min(core.rows(metadata.tables["batch"]), key=lambda row: row.id)
    core.open(of.id, of.opened_through - 500, of.opened_through)
    sa.event.remove(engine, "before_cursor_execute", note)
    return {text: values for text, values in seen.items() if re.match(r"(SELECT|UPDATE|DELETE)", text)}


def plan(connection: sa.Connection, text: str, values: Any) -> list[str]:
    if connection.dialect.name == "sqlite":
        return [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]
    # As the server plans a statement that it has been given often: without looking at the values.
    names: dict[str, str] = {}
    numbered = re.sub(r"%\((\w+)\)s", lambda found: names.setdefault(found[1], f"${len(names) + 1}"), text)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # some thousand rows are read whole faster
    with connection.begin_nested():
        return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {numbered}".replace("%", "%%"))]


def reads_whole(line: str) -> bool:
    found = re.search(r"(?:SCAN|Seq Scan on) (\w+)", line)
    return found is not None and found[1] in LARGE


@pytest.mark.parametrize("analysed", [False, True])
def test_no_hot_statement_reads_a_table(core: Core, analysed: bool) -> None:
    hot = statements(core)
    assert len(hot) > 15
    assert sum("gold.shown <" in text for text in hot) == 2, "gold and traps are looked for"
    if analysed:
        with core.database.write() as connection:
            connection.exec_driver_sql("ANALYZE")
    slow = {}
    with core.database.read() as connection:
        for text, values in hot.items():
            lines = plan(connection, text, values)
            if any(reads_whole(line) for line in lines):
                slow[text] = lines
    assert slow == {}


def test_leases_are_found_by_the_index_of_leases(core: Core) -> None:
    """Not by the index of all that a person ever did."""
    [held] = [
        (text, values)
        for text, values in statements(core).items()
        if "payload" in text and "leased_at" in text and len(values) < 10
    ]
    with core.database.read() as connection:
        lines = " ".join(plan(connection, *held))
    assert "ix_assignment_held" in lines


def test_the_order_is_read_from_its_index(core: Core) -> None:
    found = [(text, values) for text, values in statements(core).items() if "item.taken < item.wanted" in text]
    with core.database.read() as connection:
        for text, values in found:
            lines = plan(connection, text, values)
            assert "ix_item_open" in " ".join(lines)
            assert not any("Sort" in line or "TEMP B-TREE" in line for line in lines), lines


def test_who_took_part_is_found_by_what_they_did(core: Core) -> None:
    """Not by what everybody did in the project that a blind comparison comes from: it is asked with every lease."""
    seen: list[tuple[str, Any]] = []
    sa.event.listen(core.database._readers, "before_cursor_execute", lambda *said: seen.append(said[2:4]))
    with core.database.read() as connection:
        assert blinding.refusal(connection, (core.project, 10**9), 10**6) is None
        asked = [one for one in seen if one[0].startswith("SELECT")]
        assert len(asked) == 2
        for text, values in asked:
            lines = plan(connection, text, values)
            assert not any(reads_whole(line) for line in lines), lines
        assert "ix_submit_annotator" in " ".join(plan(connection, *asked[0]))
