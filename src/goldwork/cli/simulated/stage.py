"""What the demonstration shows: its projects and people, brought in and kept going while the server runs."""

from __future__ import annotations

import base64
import json
import threading
import time
from typing import Any

from goldwork.cli.simulated.client import Room
from goldwork.cli.simulated.crowd import Crowd, make_people
from goldwork.cli.simulated.site import Play, Site
from goldwork.errors import GoldworkError
from goldwork.services import (
    access,
    accounts,
    gold,
    ingest,
    jobs,
    links,
    members,
    policy,
    projects,
    uploads,
)
from goldwork.services.access import Member
from goldwork.services.gold_items import Entry
from goldwork.sim import make_crowd
from goldwork.sim.samples import Sample
from goldwork.sim.samples.digits import digits
from goldwork.sim.samples.messages import messages

SIZE = 12
"""Simulated annotators."""
FIRST = 150
"""Items of a project imported before people begin; the others follow while they judge."""
RESERVE = 0.15
"""The share of a project's judgements that simulated people leave to the visitor."""
IMPORT_SECONDS = 120.0
POLL = 0.05
OVERLAP = 2
"""The fewest judgements of an item."""
GOLD = 40
"""Items of the first ones whose answer is known."""
QUALITY: dict[str, Any] = {
    "maximum": 5,
    "target": 0.95,
    "floor": 0.7,
    "gold_block": 10,
    "price": 0.05,
    "currency": "EUR",
}
"""How quality is guarded in both projects."""
LEARNING: tuple[dict[str, Any], ...] = ({"strategy": "margin", "slice": 0.1}, {"model": True})
"""Of the digits a model chooses what is asked next; beside the messages one learns, and doubts labels."""
HEADS = (2500, 0)
"""Judgements of each project that are there within a minute or two: enough for a learning curve that says something.
Where a time is measured nobody has a head start."""


class Stage(Play):
    """Both projects, a dozen people, who are let in and judge while the items come in.

    `link` is the secret of the visitor's one-time link. It is over when `seconds` of judging have passed (`finished`).
    """

    def __init__(self, site: Site, *, speed: float, seed: int, seconds: float | None) -> None:
        super().__init__(site)
        self.home = site.home
        self.database = site.database
        self.writer = site.writer
        self.speed = speed
        self.seed = seed
        self.seconds = seconds
        self.samples = (digits(), messages())
        self.members: list[Member] = []
        self.links: list[str] = []
        self.link = self.writer.run(self._furnish)
        self.finished = False

    def act(self) -> bool:
        """Bring in the items, and let the people judge."""
        rooms = self._open_up()
        people = make_people([self.api.enter(link) for link in self.links], rooms, self.seed)
        if self.seconds is not None:
            timer = threading.Timer(self.seconds, self._finish)
            timer.daemon = True
            timer.start()
        Crowd(self.api, people, rooms, speed=self.speed, seed=self.seed).run(self.stop)
        return self.finished

    def _furnish(self, connection: Any) -> str:
        """Accounts and empty projects. Returns the secret of the visitor's link."""
        database, now = self.database, self.database.now(connection)
        visitor = accounts.create_account(connection, now, name="You", administrator=True)
        owner = access.person_of(connection, visitor)
        self.members = [
            projects.create(
                connection,
                database,
                owner,
                name=sample.name,
                form=sample.form,
                overlap=OVERLAP,
                guideline=sample.guideline,
            )
            for sample in self.samples
        ]
        for mine, model in zip(self.members, LEARNING, strict=True):
            policy.set_policy(connection, database, mine, quality=QUALITY | model)
        for simulated in make_crowd(classes=2, size=SIZE, seed=self.seed):
            account = accounts.create_account(connection, now, name=simulated.name.capitalize())
            for mine in self.members:
                members.join(connection, database, mine.project, account, "annotator", visitor)
            self.links.append(links.make_sign_in_link(connection, account, now).secret)
        return links.make_sign_in_link(connection, visitor, now).secret

    def _finish(self) -> None:
        self.finished = not self.stop.is_set()
        self.stop.set()

    def _open_up(self) -> list[Room]:
        """Import the first items of each project, for people to begin with; start to import the others."""
        pairs = list(zip(self.members, self.samples, strict=True))
        begun = [self._bring_in(mine, sample, 0, FIRST) for mine, sample in pairs]
        rooms = [
            Room(
                mine.project,
                sample,
                round(RESERVE * len(sample.rows) * sample.overlap),
                head if self.seconds is None else 0,
            )
            for (mine, sample), head in zip(pairs, HEADS, strict=True)
        ]
        for (mine, sample), job in zip(pairs, begun, strict=True):
            self._wait_for(mine, job)
            self._make_gold(mine, sample)
            if len(sample.rows) > FIRST:
                self._bring_in(mine, sample, FIRST, len(sample.rows))
        return rooms

    def _make_gold(self, mine: Member, sample: Sample) -> None:
        """The answers of some items are known: every third or so of the first ones."""
        names = [str(row["id"]) for row in sample.rows[:FIRST]][:: max(1, FIRST // GOLD)]
        entries = [Entry(name, {sample.question: [sample.truth[name]]}) for name in names]
        self.writer.run(lambda connection: gold.add(connection, self.database, mine, entries))

    def _bring_in(self, mine: Member, sample: Sample, begin: int, end: int) -> int:
        """Start the import of some of a sample's rows. Returns the job's id."""
        [field] = [field["name"] for field in sample.form["fields"]]
        upload = uploads.Upload(self.home, mine.project, f"{field}s.jsonl")
        for row in sample.rows[begin:end]:
            if sample.picture is not None:
                row = row | {field: _address(sample.picture(row[field]))}
            upload.write(json.dumps(row).encode() + b"\n")
        request = ingest.Request(
            file=upload.finish(), id="id", fields={field: field}, batch=f"{begin + 1} to {min(end, len(sample.rows))}"
        )
        made = self.writer.run(
            lambda connection: ingest.start(
                connection, self.database, self.home, mine.project, request, by=mine.person.account
            )
        )
        return made.id

    def _wait_for(self, mine: Member, job_id: int) -> None:
        """Wait until a job is done. Raises GoldworkError where it failed, or nobody works on it."""
        deadline = time.monotonic() + IMPORT_SECONDS
        while not self.stop.wait(POLL):
            with self.database.read() as connection:
                found = jobs.find_job(connection, mine.project, job_id)
            if found.state == "done":
                return
            if found.state not in jobs.ACTIVE or time.monotonic() > deadline:
                reason = found.error.message if found.error else f"it is {found.state} after {IMPORT_SECONDS:.0f} s."
                raise GoldworkError(f"the import of the demonstration's items failed: {reason}")


def _address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
