"""Processes that race for the last slot of many items, each with its own writer: nobody is over-asked, none is left."""

from __future__ import annotations

import multiprocessing
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.services.assign import Lease
from goldwork.services.check import check
from goldwork.store.database import Database
from goldwork.store.schema import assignment, item
from tests.core import Core

ITEMS = 10_000
HOLD = 200


def race(url: str, project: int, who: list[int], start: Any, done: Any) -> None:
    """Take what there is, as many people as `who`, until nothing is left; say how many items that were."""
    database = Database(url)
    core = Core(database, project)
    start.wait()
    taken = 0
    people = list(who)
    while people:
        leases = core.writer.many(core.assigner.lease_many, [Lease(project, one, HOLD) for one in people])
        answers = [
            core.asked(one, held.id, id=held.id)
            for one, lease in zip(people, leases, strict=True)
            for held in lease.assignments
        ]
        for begin in range(0, len(answers), 250):
            receipts = core.writer.many(core.collector.submit_many, answers[begin : begin + 250])
            taken += sum(not receipt.surplus for receipt in receipts)
        people = [one for one, lease in zip(people, leases, strict=True) if lease.assignments or lease.more]
    core.close()
    database.close()
    done.put(taken)


@pytest.mark.parametrize("processes", [2, 8])
def test_the_last_slot_goes_to_one(database: Database, database_url: str, processes: int) -> None:
    core = Core.make(database, items=ITEMS, overlap=1)
    people = core.annotators(processes * 2)
    core.close()
    spawn = multiprocessing.get_context("spawn")
    start, done = spawn.Barrier(processes), spawn.Queue()
    racers = [
        spawn.Process(target=race, args=(database_url, core.project, people[n::processes], start, done))
        for n in range(processes)
    ]
    for racer in racers:
        racer.start()
    taken = [done.get(timeout=300) for _ in racers]
    for racer in racers:
        racer.join(30)
        assert racer.exitcode == 0
    with database.read() as connection:
        holders = sa.select(assignment.c.item, sa.func.count()).group_by(assignment.c.item)
        counts = [count for _, count in connection.execute(holders)]
        open_left = connection.execute(sa.select(sa.func.count()).where(item.c.taken != 1)).scalar_one()
        findings = list(check(connection))
    assert sum(taken) == ITEMS
    assert (len(counts), set(counts), open_left) == (ITEMS, {1}, 0)
    assert findings == []
