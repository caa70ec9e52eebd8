"""The promises that the database keeps, tried with raw SQL: whatever the code does, these rows cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.store.database import Database
from goldwork.store.schema import metadata
from tests.core import Core

NOW = 1


@pytest.fixture
def core(database: Database) -> Iterator[Core]:
    """A project with two items, of which one person has judged the first."""
    made = Core.make(database, items=2, overlap=2)
    [who, _] = made.annotators(2)
    made.submit(who, made.lease_one(who))
    yield made
    made.close()


def columns(core: Core, table: str, **changed: Any) -> dict[str, Any]:
    """The table's only row, or its first, with some columns changed."""
    [row] = core.rows(metadata.tables[table])[:1]
    return dict(row._mapping) | changed


def insert(core: Core, table: str, **values: Any) -> None:
    """Raw SQL, as from anywhere."""
    names = ", ".join(f'"{name}"' for name in values)
    binds = ", ".join(f":{name}" for name in values)
    with core.database.write() as connection:
        connection.execute(sa.text(f'INSERT INTO "{table}" ({names}) VALUES ({binds})'), values)


def refused(core: Core, table: str, **changed: Any) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        insert(core, table, **columns(core, table, **changed))


def test_the_row_that_is_changed_would_be_accepted(core: Core) -> None:
    """Else every refusal below would prove nothing."""
    [other] = core.annotators(1)
    insert(core, "assignment", **columns(core, "assignment", id="z", annotator=other, slot=1, state="leased"))
    insert(core, "submit", **columns(core, "submit", seq=900, client_id="z"))
    insert(core, "item", **columns(core, "item", id=900, external_id="z"))
    insert(core, "judgement", **columns(core, "judgement", seq=900))
    insert(core, "event", **columns(core, "event", seq=900))
    insert(core, "form", **columns(core, "form", version=2))
    insert(core, "batch", **columns(core, "batch", id=900))
    insert(core, "project", **columns(core, "project", id=900))


class TestAssignment:
    def test_a_slot_is_held_once(self, core: Core) -> None:
        other, third = core.annotators(2)
        for state in ("leased", "done"):
            refused(core, "assignment", id="z", annotator=other, slot=0, state=state)
        for number, (who, state) in enumerate(((other, "lapsed"), (third, "skipped"))):
            insert(core, "assignment", **columns(core, "assignment", id=f"y{number}", annotator=who, state=state))

    def test_nobody_gets_an_item_twice(self, core: Core) -> None:
        refused(core, "assignment", id="z", slot=1)
        refused(core, "assignment", id="z", slot=None, state="lapsed")

    def test_an_id_is_given_once(self, core: Core) -> None:
        [other] = core.annotators(1)
        refused(core, "assignment", annotator=other, slot=1)

    def test_its_words_are_known(self, core: Core) -> None:
        [other] = core.annotators(1)
        refused(core, "assignment", id="z", annotator=other, slot=1, state="taken")
        refused(core, "assignment", id="z", annotator=other, slot=1, purpose="fun")

    def test_what_it_refers_to_is_there(self, core: Core) -> None:
        [other] = core.annotators(1)
        for column in ("item", "annotator", "project"):
            refused(core, "assignment", **{"id": "z", "annotator": other, "slot": 1} | {column: 987_654})


class TestSubmit:
    def test_a_clients_id_is_used_once(self, core: Core) -> None:
        refused(core, "submit", seq=900)

    def test_another_person_may_use_the_same_id(self, core: Core) -> None:
        [other] = core.annotators(1)
        insert(core, "submit", **columns(core, "submit", seq=900, annotator=other))

    def test_a_seq_is_taken_once(self, core: Core) -> None:
        refused(core, "submit", client_id="z")

    def test_a_submit_is_superseded_once(self, core: Core) -> None:
        seq = columns(core, "submit")["seq"]
        insert(core, "submit", **columns(core, "submit", seq=900, client_id="y", supersedes=seq))
        refused(core, "submit", seq=901, client_id="z", supersedes=seq)

    def test_its_words_are_known(self, core: Core) -> None:
        refused(core, "submit", seq=900, client_id="z", kind="maybe")

    def test_what_it_refers_to_is_there(self, core: Core) -> None:
        for column, missing in (("assignment", "nobody"), ("annotator", 987_654), ("project", 987_654)):
            refused(core, "submit", **{"seq": 900, "client_id": "z"} | {column: missing})

    def test_a_judgement_belongs_to_a_submit(self, core: Core) -> None:
        refused(core, "judgement", seq=900)
        refused(core, "judgement", value='"b"')


ODD: list[tuple[str, dict[str, Any]]] = [
    ("item", {"id": 900}),
    ("item", {"id": 900, "external_id": "z", "taken": -1}),
    ("item", {"id": 900, "external_id": "z", "wanted": -1}),
    ("item", {"id": 900, "external_id": "z", "batch": 987_654}),
    ("event", {}),
    ("event", {"project": 987_654}),
    ("form", {}),
    ("guideline", {}),
    ("batch", {"id": 900, "state": "new"}),
    ("project", {"id": 900, "state": "new"}),
    ("annotator", {"id": 900}),
    ("annotator", {"id": 900, "pseudonym": "z", "kind": "cat"}),
    ("project_state", {}),
    ("annotator_state", {}),
]


def test_no_second_and_no_odd_row(core: Core) -> None:
    for table, changed in ODD:
        refused(core, table, **changed)


def test_a_decision_is_recorded_once(core: Core) -> None:
    row = {"project": core.project, "seq": 1, "number": 0, "kind": "complete", "subject": "1", "body": "{}"}
    insert(core, "decision", **row)
    with pytest.raises(sa.exc.IntegrityError):
        insert(core, "decision", **row)


def test_people_are_told_apart(core: Core) -> None:
    for number in (1, 2):
        person = {"id": number, "name": "A", "email": f"{number}@example.org", "created_at": NOW}
        insert(core, "account", **person)
    refused(core, "account", id=3, email="2@example.org")
    insert(core, "token", id=1, hash=b"h", kind="session", account=1, created_at=NOW)
    refused(core, "token", id=2)
    refused(core, "token", id=2, hash=b"i", kind="password")
    insert(core, "member", project=core.project, account=1, role="manager", joined_at=NOW)
    refused(core, "member")
    refused(core, "member", account=2, role="owner")
    insert(core, "annotator", id=900, account=1, pseudonym="one")
    insert(core, "annotator", id=901, project=core.project, pseudonym="one")  # of imported judgements
    for again in ({"account": 1}, {"pseudonym": "one"}, {"project": core.project, "pseudonym": "one"}):
        with pytest.raises(sa.exc.IntegrityError):
            insert(core, "annotator", **{"id": 902, "pseudonym": "two"} | again)


def test_one_snapshot_job_at_a_time(core: Core) -> None:
    job = {"project": core.project, "kind": "snapshot", "body": "{}", "created_at": NOW}
    insert(core, "job", id=1, **job)
    refused(core, "job", id=2)
    refused(core, "job", id=2, state="running")
    refused(core, "job", id=2, kind="import", state="asleep")
    insert(core, "job", id=3, **job | {"state": "done"})
    insert(core, "job", id=4, **job | {"kind": "import"})


def test_readers_cannot_write(core: Core) -> None:
    with pytest.raises(sa.exc.DBAPIError), core.database.read() as connection:
        connection.execute(sa.text("UPDATE project SET name = 'mine'"))


REMOVED = {"item", "batch", "token", "member", "media", "sign_in_attempt", "consensus"}
"""Tables from which rows are deleted one day."""


def test_a_row_is_removed_without_looking_through_what_may_refer_to_it() -> None:
    """A foreign key without an index that begins with it is a scan of its whole table for every row removed."""
    slow = [
        f"{table.name}.{key.parent.name}"
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in REMOVED and key.parent.name not in first_columns(table)
    ]
    assert slow == ["media.batch"]  # one batch at a time, and few media


def first_columns(table: sa.Table) -> set[str]:
    """The columns that a whole index of the table begins with."""
    keys = [one for one in table.constraints if isinstance(one, sa.PrimaryKeyConstraint | sa.UniqueConstraint)]
    whole = [index for index in table.indexes if index.dialect_options["sqlite"]["where"] is None]
    return {next(iter(one.columns)).name for one in (*keys, *whole)}
