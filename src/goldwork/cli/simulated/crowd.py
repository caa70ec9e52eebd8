"""Simulated annotators at a running server: they lease and submit through its HTTP API, as a browser does.

One thread and one connection carry them all. Each person holds a few items, looks at one, lets the time pass that it
takes to judge it, and submits. They see what a person sees and nothing else: an item is recognised by what is shown.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import heapq
import http.client
import json
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from goldwork.sim.annotator import Annotator, Answer, Stimulus
from goldwork.sim.behaviours import Moment
from goldwork.sim.crowd import DOZEN, make_crowd
from goldwork.sim.samples import Sample

HELD = 3
"""Items that a person holds at a time, the one in front of them included."""
PAUSE = 0.5
"""Seconds between two items, at speed 1."""
IDLE = 5.0
"""Seconds before a person looks again where there was nothing to do, whatever the speed."""
LOOK = 2.0
"""Seconds between looks at how far the projects are."""
CHANGE = 0.3
"""The chance to go on in another project whenever new items are fetched."""
SLOWEST = 20.0
"""How much slower than at the start people become as the work runs out."""


class RefusedError(Exception):
    """The server's answer is an error. `reason` as the API gives it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason


class Api:
    """A server's API over one kept connection; for one thread. Raises OSError where the server cannot be reached."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=30)

    def call(self, token: str, method: str, path: str, body: object = None) -> Any:
        """One request and its answer as JSON. Raises RefusedError. Sent twice where the connection was closed."""
        payload = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"} | ({"Content-Type": "application/json"} if payload else {})
        with contextlib.suppress(http.client.HTTPException, ConnectionError):
            return self._exchange(method, path, payload, headers)
        self._connection.close()
        try:
            return self._exchange(method, path, payload, headers)
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from None

    def _exchange(self, method: str, path: str, payload: bytes | None, headers: dict[str, str]) -> Any:
        self._connection.request(method, f"/api{path}", payload, headers)
        response = self._connection.getresponse()
        text = response.read()
        found = json.loads(text) if text else None
        if response.status >= 400:
            problem = (found or {}).get("error", {})
            raise RefusedError(response.status, problem.get("reason", ""), problem.get("message", ""))
        return found

    def close(self) -> None:
        self._connection.close()


class Room:
    """A project as the crowd works in it. The last `reserve` judgements are left for others to make."""

    def __init__(self, project: int, sample: Sample, reserve: int) -> None:
        self.project = project
        self.sample = sample
        self.slots = len(sample.stimuli) * sample.overlap - reserve
        self.judgements = 0
        [self._field] = [str(field["name"]) for field in sample.form["fields"]]
        self._known = {
            _sight(sample, row[self._field]): stimulus
            for row, stimulus in zip(sample.rows, sample.stimuli, strict=True)
        }

    @property
    def left(self) -> float:
        """The share of the crowd's work that is still to do."""
        return max(0.0, 1 - self.judgements / self.slots)

    def recognise(self, fields: Mapping[str, str]) -> Stimulus | None:
        """The item that looks like this; None for one that somebody else has brought in."""
        return self._known.get(fields.get(self._field, "").rpartition("/media/")[2])


def _sight(sample: Sample, value: str) -> str:
    """What a person sees of a field: its text, or a picture, which the server calls by the hash of its content."""
    return hashlib.sha256(sample.picture(value)).hexdigest() if sample.picture else value


@dataclasses.dataclass
class Held:
    """The item in front of a person, and what they will answer; None: they pass."""

    assignment: str
    form_version: int
    guideline_version: int
    answer: Answer | None


@dataclasses.dataclass
class Person:
    """Somebody at the server: their token, and who they are in each room, by project.

    `done`: their judgements by project; `place`: those since there was last nothing to do, which is their break.
    """

    token: str
    minds: dict[int, Annotator]
    done: Counter[int] = dataclasses.field(default_factory=Counter)
    place: int = 0
    room: Room | None = None
    items: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    versions: tuple[int, int] = (1, 1)
    held: Held | None = None


def make_people(
    tokens: Sequence[str], rooms: Sequence[Room], seed: int, mix: Mapping[str, float] = DOZEN
) -> list[Person]:
    """One person for each token: the same name and behaviour in every room."""
    crowds = {
        room.project: make_crowd(classes=len(room.sample.classes), size=len(tokens), mix=mix, seed=seed)
        for room in rooms
    }
    return [
        Person(token, {project: crowd[number] for project, crowd in crowds.items()})
        for number, token in enumerate(tokens)
    ]


class Crowd:
    """People who judge until they are told to stop, ever more slowly as the work runs out, so that some is left."""

    def __init__(self, api: Api, people: Sequence[Person], rooms: Sequence[Room], *, speed: float, seed: int) -> None:
        self.api = api
        self.people = people
        self.rooms = rooms
        self.speed = speed
        self._draw = random.Random(seed)

    def run(self, stop: threading.Event) -> None:
        """Judge until `stop`, or until the server is gone."""
        start = time.monotonic()
        turns = [(start + self._draw.uniform(0, 1 / self.speed), number) for number in range(len(self.people))]
        heapq.heapify(turns)
        look = start
        while not stop.is_set():
            now = time.monotonic()
            due, number = turns[0]
            if now < min(due, look):
                stop.wait(min(due, look) - now)
                continue
            try:
                if now >= look:
                    self._look()
                    look = now + LOOK
                else:
                    heapq.heapreplace(turns, (now + self._turn(self.people[number]), number))
            except OSError:
                if stop.wait(IDLE):  # the server is being stopped, or is too busy to answer
                    return

    def _look(self) -> None:
        """Read how far the projects are: others judge, too."""
        found = self.api.call(self.people[0].token, "GET", "/projects")["projects"]
        judged = {project["id"]: project["judgements"] for project in found}
        for room in self.rooms:
            room.judgements = judged.get(room.project, room.judgements)

    def _turn(self, person: Person) -> float:
        """Hand in what was judged, take up the next item. Returns the seconds until the person's next turn."""
        try:
            if person.held is not None:
                self._submit(person, person.held)
            return self._take_up(person)
        except RefusedError:  # paused, closed, removed from the project, the form changed: look again later
            person.held, person.items, person.room = None, [], None
            return IDLE

    def _submit(self, person: Person, held: Held) -> None:
        room = person.room
        assert room is not None
        body: dict[str, Any] = {
            "id": secrets.token_hex(16),
            "assignment": held.assignment,
            "kind": "skip",
            "form_version": held.form_version,
            "guideline_version": held.guideline_version,
        }
        if (answer := held.answer) is not None:
            body["kind"] = "answer"
            body["answers"] = {room.sample.question: room.sample.classes[answer.choice]}
            body["seconds"] = round(answer.seconds, 2)
            room.judgements += 1
            person.done[room.project] += 1
            person.place += 1
        person.held = None
        self.api.call(person.token, "POST", f"/projects/{room.project}/submits", body)

    def _take_up(self, person: Person) -> float:
        if not person.items and not self._fetch(person):
            person.place = 0
            return IDLE
        room = person.room
        assert room is not None
        item = person.items.pop(0)
        stimulus = room.recognise(item["fields"])
        moment = Moment(person.done[room.project], person.place)
        answer = person.minds[room.project].answer(stimulus, moment=moment) if stimulus else None
        person.held = Held(item["id"], *person.versions, answer)
        seconds = PAUSE + (answer.seconds if answer else 0)
        return seconds / self.speed * min(SLOWEST, 1 / max(room.left, 1e-9))

    def _fetch(self, person: Person) -> bool:
        """Lease items in a room that still has work for the crowd. False where there is none."""
        if person.room is None or not person.room.left or self._draw.random() < CHANGE:
            weights = [room.left for room in self.rooms]
            if not any(weights):
                return False
            [person.room] = self._draw.choices(self.rooms, weights)
        found = self.api.call(person.token, "POST", f"/projects/{person.room.project}/next", {"count": HELD})
        person.items = found["assignments"]
        person.versions = (found["form_version"], found["guideline_version"])
        if not person.items:
            person.room = None
        return bool(person.items)
