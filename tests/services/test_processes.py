"""Several processes on several projects: none waits for ever, none overwrites what another has counted."""

from __future__ import annotations

import multiprocessing
import random
import threading
from typing import Any

import pytest

from goldwork.services.log import decode
from goldwork.store.database import Database
from goldwork.store.schema import project_state, submit
from goldwork.store.writer import Writer
from tests.core import Core

PROJECTS = 3
PROCESSES = 3
ITEMS = 60
PATIENCE = 120


def work(url: str, projects: list[int], people: list[int], start: Any, done: Any) -> None:
    """People who judge in all projects at once, each going through them in an order of their own, while somebody
    changes the settings: groups lock the projects in every order."""
    database = Database(url)
    writer = Writer(database)
    cores = {project: Core(database, project, writer) for project in projects}
    errors: list[str] = []

    def judge(who: int) -> None:
        order = list(projects)
        random.Random(who).shuffle(order)
        try:
            while order:
                for project in list(order):
                    leased = cores[project].lease(who, 10)
                    for held in leased.assignments:
                        sent = cores[project].asked(who, held.id, id=held.id)
                        writer.many(cores[project].collector.submit_many, [sent])
                    if not leased.assignments and not leased.more:
                        order.remove(project)
        except Exception as error:
            errors.append(repr(error))

    def manage() -> None:
        try:
            for turn in range(20):
                cores[projects[(turn + people[0]) % len(projects)]].set_policy(2, 10**7 + turn)
        except Exception as error:
            errors.append(repr(error))

    start.wait()
    threads = [threading.Thread(target=judge, args=(who,)) for who in people] + [threading.Thread(target=manage)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    database.close()
    done.put(errors)


@pytest.mark.slow
def test_projects_in_every_order(database: Database, database_url: str) -> None:
    cores = [Core.make(database, items=ITEMS, overlap=2) for _ in range(PROJECTS)]
    people = cores[0].annotators(PROCESSES * 2)
    spawn = multiprocessing.get_context("spawn")
    start, done = spawn.Barrier(PROCESSES), spawn.Queue()
    projects = [core.project for core in cores]
    workers = [
        spawn.Process(target=work, args=(database_url, projects, people[n::PROCESSES], start, done))
        for n in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    assert [done.get(timeout=PATIENCE) for _ in workers] == [[]] * PROCESSES
    for worker in workers:
        worker.join(PATIENCE)
    for core in cores:
        assert len(core.rows(submit, project=core.project)) == 2 * ITEMS
        counts = decode(core.row(project_state, project=core.project).body)
        assert (counts["answer"], counts["complete"], counts["items"]) == (2 * ITEMS, ITEMS, ITEMS)
        core.close()
    assert cores[0].findings() == []
