"""What the demonstration shows: its projects and people, brought in and kept going while the server runs."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from goldwork.cli.simulated.crowd import Api, Crowd, Room, make_people
from goldwork.errors import GoldworkError
from goldwork.services import (
    access,
    accounts,
    gold,
    ingest,
    jobs,
    links,
    members,
    notice,
    policy,
    projects,
    signin,
    uploads,
)
from goldwork.services.access import Member
from goldwork.services.gold_items import Entry
from goldwork.sim import make_crowd
from goldwork.sim.samples import Sample
from goldwork.sim.samples.digits import digits
from goldwork.sim.samples.messages import messages
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.writer import Writer

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
QUALITY = {"maximum": 5, "target": 0.95, "floor": 0.7, "gold_block": 10, "price": 0.05, "currency": "EUR"}
"""How quality is guarded in both projects."""


class Stage:
    """Both projects, a dozen people, and the thread that brings in the items and lets the people judge.

    `link` is the secret of the visitor's one-time link. The thread begins once the server answers; it calls `over` when
    `seconds` of judging have passed (`finished`) or something went wrong (`failure`).
    """

    def __init__(self, home: Home, database: Database, writer: Writer, *, port: int, speed: float, seed: int) -> None:
        self.home = home
        self.database = database
        self.writer = writer
        self.speed = speed
        self.seed = seed
        self.samples = (digits(), messages())
        self.members: list[Member] = []
        self.tokens: list[str] = []
        self.link = writer.run(self._furnish)
        self.failure: Exception | None = None
        self.finished = False
        self._api = Api("127.0.0.1", port)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, over: Callable[[], None], seconds: float | None) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._play, args=(over, seconds), name="goldwork-demo")
        self._thread.start()

    def end(self) -> None:
        """Stop the thread, wherever it is. Twice is as good as once."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._api.close()

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
        for mine in self.members:
            policy.set_policy(connection, database, mine, quality=QUALITY)
        for simulated in make_crowd(classes=2, size=SIZE, seed=self.seed):
            account = accounts.create_account(connection, now, name=simulated.name.capitalize())
            person = access.person_of(connection, account)
            accounts.accept_notice(connection, person, notice.VERSION, now)
            for mine in self.members:
                members.join(connection, database, mine.project, account, "annotator", visitor)
            self.tokens.append(signin.create_api_token(connection, person, "demonstration", now)[1])
        return links.make_sign_in_link(connection, visitor, now).secret

    def _play(self, over: Callable[[], None], seconds: float | None) -> None:
        try:
            rooms = self._open_up()
            people = make_people(self.tokens, rooms, self.seed)
            crowd = Crowd(self._api, people, rooms, speed=self.speed, seed=self.seed)
            if seconds is not None:
                timer = threading.Timer(seconds, self._finish)
                timer.daemon = True
                timer.start()
            crowd.run(self._stop)
        except Exception as error:  # noqa: BLE001 whatever it is, the main thread must hear of it
            self.failure = None if self._stop.is_set() else error
        if self.finished or self.failure:
            over()

    def _finish(self) -> None:
        self.finished = not self._stop.is_set()
        self._stop.set()

    def _open_up(self) -> list[Room]:
        """Import the first items of each project, for people to begin with; start to import the others."""
        pairs = list(zip(self.members, self.samples, strict=True))
        begun = [self._bring_in(mine, sample, 0, FIRST) for mine, sample in pairs]
        rooms = [
            Room(mine.project, sample, round(RESERVE * len(sample.rows) * sample.overlap)) for mine, sample in pairs
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
        while not self._stop.wait(POLL):
            with self.database.read() as connection:
                found = jobs.find_job(connection, mine.project, job_id)
            if found.state == "done":
                return
            if found.state not in jobs.ACTIVE or time.monotonic() > deadline:
                reason = found.error.message if found.error else f"it is {found.state} after {IMPORT_SECONDS:.0f} s."
                raise GoldworkError(f"the import of the demonstration's items failed: {reason}")


def _address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
