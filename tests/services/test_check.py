"""check: silent over what was done rightly, and not silent over anything that was altered."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from goldwork.services import check as check_module
from goldwork.services.check import Finding
from goldwork.store.database import Database
from tests.core import MINUTE, Clock, Core, findings


@pytest.fixture
def core(database: Database) -> Iterator[Core]:
    """A project in which everything happened once: answers, a skip, undos, surplus, lapses, a change of the overlap."""
    database.now = clock = Clock()
    made = Core.make(database, items=6, overlap=2)
    one, two, three = made.annotators(3)
    late = made.lease_one(one)
    clock.now += 31 * MINUTE
    for who in (two, three):
        for held in made.lease(who, 3).assignments:
            made.submit(who, held.id)
    made.submit(one, late)  # surplus
    mine = made.lease(one, 3).assignments
    made.submit(one, mine[0].id)
    made.submit(one, mine[1].id, "skip")
    made.submit(one, mine[0].id, "undo")
    made.submit(one, mine[0].id, answers={"q": "b"})
    made.set_policy(3)
    made.sweep(1)
    made.lease(two, 2)
    clock.now += 31 * MINUTE
    made.lease(three, 2)
    made.set_state("paused")
    made.set_state("open")
    yield made
    made.close()


def alter(core: Core, *statements: str) -> list[Finding]:
    """What check says after raw SQL."""
    with core.database.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    return core.findings()


def test_nothing_to_say(core: Core) -> None:
    other = Core.make(core.database, items=3, writer=core.writer)
    [who] = other.annotators()
    other.submit(who, other.lease_one(who))
    assert core.findings() == []


FIRST_SUBMIT = "(SELECT min(seq) FROM submit)"
LAST_SUBMIT = "(SELECT max(seq) FROM submit)"
DONE = "(SELECT min(id) FROM assignment WHERE state = 'done' AND slot IS NOT NULL)"
UNDONE = "(SELECT min(assignment) FROM submit WHERE kind = 'undo')"
STRANGER = "INSERT INTO annotator (id, pseudonym) VALUES (900, 'stranger')"
COLUMNS = (
    "project, seq, annotator, client_id, body_hash, assignment, item, kind, form_version, guideline_version, response,"
    " salt, submitted_at"
)
OF_NOBODY = f"SELECT {COLUMNS} FROM submit WHERE seq = {FIRST_SUBMIT}".replace(" seq,", " 9999,").replace(
    " client_id,", " 'zz',"
)

ALTERED = {
    # The log.
    "an event's body": ("UPDATE event SET body = replace(body, '\"ms\":2500', '\"ms\":9500') WHERE seq = 9", "chain"),
    "an event's body, no JSON": ("UPDATE event SET body = '{' WHERE seq = 9", "chain"),
    "an event's body, of another kind": ("UPDATE event SET body = '[]' WHERE seq = 9", "chain"),
    "an event's kind": ("UPDATE event SET kind = 'state' WHERE seq = 2", "chain"),
    "an event's time": ("UPDATE event SET at = at + 1 WHERE seq = 2", "chain"),
    "an event's hash": ("UPDATE event SET hash = (SELECT hash FROM event WHERE seq = 3) WHERE seq = 9", "chain"),
    "an event that is gone": ("DELETE FROM event WHERE seq = 4", "gap"),
    "the last event": ("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)", "head"),
    "the project's seq": ("UPDATE project SET seq = seq + 1", "head"),
    "the project's head": ("UPDATE project SET head = (SELECT hash FROM event WHERE seq = 1)", "head"),
    # What follows from it.
    "a decision's body": ("UPDATE decision SET body = '{}'", "decision"),
    "a decision's subject": ("UPDATE decision SET subject = '77'", "decision"),
    "a decision's kind": ("UPDATE decision SET kind = 'reopened' WHERE kind = 'complete'", "decision"),
    "a decision that is gone": ("DELETE FROM decision", "decision"),
    "a decision of nobody": ("INSERT INTO decision VALUES (1, 1, 0, 'complete', '1', '{}')", "decision"),
    "a decision too many": (
        "INSERT INTO decision SELECT project, max(seq), 9, 'complete', '1', '{}' FROM event GROUP BY project",
        "decision",
    ),
    "the project's counts": ("UPDATE project_state SET body = replace(body, '\"items\":6', '\"items\":7')", "state"),
    "the project's counts, no JSON": ("UPDATE project_state SET body = 'x'", "state"),
    "the project's counts that are gone": ("DELETE FROM project_state", "state"),
    "an annotator's counts": ("UPDATE annotator_state SET body = '{\"answer\":1}'", "state"),
    "an annotator's counts that are gone": ("DELETE FROM annotator_state", "state"),
    "the policy": ("UPDATE project SET policy = '{\"overlap\":9,\"lease_ms\":1800000}'", "policy"),
    "the policy, no JSON": ("UPDATE project SET policy = 'x'", "policy"),
    "the policy's version": ("UPDATE project SET policy_version = 7", "policy"),
    "the form's version": ("UPDATE project SET form_version = 2", "form"),
    "the guideline's version": ("UPDATE project SET guideline_version = 2", "guideline"),
    "the project's state": ("UPDATE project SET state = 'closed'", "state"),
    "what an item wants": ("UPDATE item SET wanted = wanted + 1 WHERE id = 2", "wanted"),
    "what an item wants, nothing": ("UPDATE item SET wanted = 0 WHERE id = 2", "wanted"),
    "how far a batch is open": ("UPDATE batch SET opened_through = 3", "batch"),
    # Slots.
    "what is taken, too many": ("UPDATE item SET taken = taken + 1 WHERE id = 2", "taken"),
    "what is taken, too few": ("UPDATE item SET taken = taken - 1 WHERE taken > 0", "taken"),
    "a slot let go": (f"UPDATE assignment SET slot = NULL WHERE id = {DONE}", "taken"),
    "a slot let go, and counted": (
        f"UPDATE item SET taken = taken - 1 WHERE id = (SELECT item FROM assignment WHERE id = {DONE})",
        f"UPDATE assignment SET slot = NULL WHERE id = {DONE}",
        "answers",
    ),
    "a slot held twice": (
        "DROP INDEX uq_assignment_item_slot",
        "UPDATE assignment SET slot = 0 WHERE slot IS NOT NULL",
        "slot",
    ),
    # Assignments.
    "the submit in force": (f"UPDATE assignment SET current = {FIRST_SUBMIT} WHERE id = {UNDONE}", "current"),
    "the submit in force, none": (f"UPDATE assignment SET current = NULL WHERE id = {DONE}", "current"),
    "the submit in force, nobody's": ("UPDATE assignment SET current = 99999 WHERE current IS NULL", "current"),
    "an assignment's state": (f"UPDATE assignment SET state = 'leased' WHERE id = {DONE}", "assignment"),
    "an assignment's annotator": (STRANGER, f"UPDATE assignment SET annotator = 900 WHERE id = {UNDONE}", "current"),
    # Submits.
    "an answer": ("UPDATE judgement SET value = '\"c\"' WHERE value = '\"b\"'", "judgement"),
    "an answer, no JSON": ("UPDATE judgement SET value = 'x' WHERE value = '\"b\"'", "judgement"),
    "an answer's question": ("UPDATE judgement SET question = 'p' WHERE value = '\"b\"'", "judgement"),
    "an answer that is gone": ("DELETE FROM judgement WHERE value = '\"b\"'", "judgement"),
    "an answer too many": (f"INSERT INTO judgement VALUES (1, {FIRST_SUBMIT}, 'p', '1')", "judgement"),
    "a salt": ("UPDATE submit SET salt = (SELECT min(salt) FROM submit)", "judgement"),
    "a submit that is gone": (
        f"DELETE FROM judgement WHERE seq = {LAST_SUBMIT}",
        f"DELETE FROM submit WHERE seq = {LAST_SUBMIT}",
        "submit",
    ),
    "a submit of nobody": (f"INSERT INTO submit ({COLUMNS}) {OF_NOBODY}", "submit"),
    "a submit's annotator": (STRANGER, f"UPDATE submit SET annotator = 900 WHERE seq = {LAST_SUBMIT}", "submit"),
    "a submit's kind": (f"UPDATE submit SET kind = 'skip' WHERE seq = {FIRST_SUBMIT}", "submit"),
    "a submit's item": (f"UPDATE submit SET item = item + 1 WHERE seq = {FIRST_SUBMIT}", "submit"),
    "a submit's time": (f"UPDATE submit SET submitted_at = 5 WHERE seq = {FIRST_SUBMIT}", "submit"),
    "a submit's seconds": (f"UPDATE submit SET seconds = 5 WHERE seq = {FIRST_SUBMIT}", "submit"),
    "a submit's surplus": (f"UPDATE submit SET surplus = true WHERE seq = {FIRST_SUBMIT}", "submit"),
    "a submit's guideline": (f"UPDATE submit SET guideline_version = 2 WHERE seq = {FIRST_SUBMIT}", "submit"),
    "a submit's form": (f"UPDATE submit SET form_version = 2 WHERE seq = {FIRST_SUBMIT}", "submit"),
    "a submit's client id": (f"UPDATE submit SET client_id = 'zz' WHERE seq = {FIRST_SUBMIT}", "submit"),
    "a submit's receipt": ("UPDATE submit SET response = replace(response, '\"answer\"', '\"skip\"')", "submit"),
    "a submit's receipt, no JSON": (f"UPDATE submit SET response = '' WHERE seq = {FIRST_SUBMIT}", "submit"),
    "a correction of another's": (
        f"UPDATE submit SET supersedes = {FIRST_SUBMIT} WHERE supersedes IS NULL AND seq = {FIRST_SUBMIT} + 1",
        "submit",
    ),
    # The database.
    "an index": ("DROP INDEX ix_item_open", "schema"),
    "a stray table": ("CREATE TABLE stray (x INTEGER)", "schema"),
}  # fmt: skip


def test_what_is_altered_is_found(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    missed, schema = {}, check_module.differences
    for what, (*statements, said) in ALTERED.items():
        monkeypatch.setattr(check_module, "differences", schema if said == "schema" else lambda _: [])
        with core.database.connect() as connection, connection.begin() as transaction:
            for statement in statements:
                assert connection.exec_driver_sql(statement).rowcount != 0, what
            found = list(check_module.check(connection))
            if said not in {finding.what for finding in found}:
                missed[what] = found
            transaction.rollback()
    assert missed == {}
    assert core.findings() == []


def test_a_broken_file_is_found(sqlite_database: Database) -> None:
    """An index that does not fit its table; then a page that was overwritten."""
    core = Core.make(sqlite_database, items=3)
    core.close()
    with sqlite_database.connect() as connection:
        page = connection.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'event'").scalar_one()
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        change = "sql = replace(sql, 'taken < wanted', 'taken <= wanted')"
        connection.exec_driver_sql(f"UPDATE sqlite_master SET {change} WHERE name = 'ix_item_open'")
        connection.exec_driver_sql("UPDATE item SET taken = 1")
        connection.commit()
    sqlite_database.close()
    assert "integrity" in {finding.what for finding in findings(sqlite_database)}
    sqlite_database.close()
    with Path(str(sqlite_database.url.database)).open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(bytes(4096))
    assert {finding.what for finding in findings(sqlite_database)} == {"integrity"}


def test_a_row_without_its_parent_is_found(sqlite_database: Database) -> None:
    core = Core.make(sqlite_database, items=3)
    [who] = core.annotators()
    core.submit(who, core.lease_one(who))
    with sqlite_database.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("DELETE FROM annotator")
        raw.execute("PRAGMA foreign_keys = ON")
    assert "integrity" in {finding.what for finding in core.findings()}
    core.close()


def test_what_is_erased_is_no_finding(core: Core) -> None:
    """Without its salt a submit's digest tells nothing, and its answers may go."""
    assert alter(core, "DELETE FROM judgement", "UPDATE submit SET salt = NULL") == []


def test_other_projects_are_still_checked(core: Core) -> None:
    other = Core.make(core.database, items=3, writer=core.writer)
    found = alter(
        core,
        "UPDATE event SET body = '{}' WHERE project = 1 AND seq = 2",
        f"UPDATE item SET taken = 1 WHERE project = {other.project}",
    )
    assert {(finding.project, finding.what) for finding in found} >= {(1, "chain"), (other.project, "taken")}


def test_it_writes_nothing_and_takes_one_moment(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may run beside a server: what is submitted meanwhile is not seen half."""
    [who] = core.annotators()
    real = check_module._check_submits

    def meanwhile(*arguments: Any) -> Any:
        core.submit(who, core.lease_one(who))
        return real(*arguments)

    monkeypatch.setattr(check_module, "_check_submits", meanwhile)
    assert core.findings() == []


@pytest.mark.slow
def test_memory_grows_by_the_items_alone(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_module, "PAGE", 100)
    peaks = []
    core = Core.make(sqlite_database)
    people = core.annotators(4)
    for _ in range(2):
        core.add_items(1500)
        for who in people:
            while held := core.lease(who, 200).assignments:
                core.send(*(core.asked(who, one.id) for one in held))
        assert core.findings() == []
        peaks.append(peak(core.findings))
    assert peaks[1] - peaks[0] < 600_000  # 1,500 items more with their states, and as many submits of half a kilobyte
    core.close()


def peak(work: Callable[[], object]) -> int:
    gc.collect()  # what earlier tests left is not this one's
    tracemalloc.start()
    work()
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return used
